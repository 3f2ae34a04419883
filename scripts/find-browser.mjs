// Finds a Chromium for the browser tests: CHROMIUM_PATH, then the system's, then Playwright's own.
// With --install, gets one when there is none: Playwright's download, or the system's package where that is all there is.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const APPS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Path of a Chromium, or undefined when there is none. */
export function findBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const candidates = [process.env.CHROMIUM_PATH, ...onPath, ...APPS, chromium.executablePath()];
  return candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
}

/** Ways to get one, best first: Playwright's own build, then what the system's package manager has. */
function listInstallers() {
  // Playwright's command line, with this Node: npx may want to ask something.
  const playwright = join(import.meta.dirname, '../node_modules/@playwright/test/cli.js');
  const own = [process.execPath, playwright, 'install', 'chromium'];
  if (process.platform !== 'linux') return [[own]];
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ['sudo', '-n'];
  const apt = (name) => [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', name];
  return [
    [isRoot ? [...own, '--with-deps'] : own],
    [[...sudo, 'apt-get', 'update'], apt('chromium')],
    [[...sudo, 'dnf', 'install', '-y', 'chromium']],
    [[...sudo, 'apk', 'add', 'chromium']],
    [[...sudo, 'pacman', '-Sy', '--noconfirm', 'chromium']],
  ];
}

/** Runs a command without its output: what it says where there is no network is long, and helps nobody. */
function run([command, ...args]) {
  console.log(`> ${command} ${args.join(' ')}`);
  const options = {
    stdio: 'ignore',
    timeout: 10 * 60_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  const { error, status } = spawnSync(command, args, options);
  return error === undefined && status === 0;
}

function isThere(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}

/** Tries one way after the other. @returns {string | undefined} the path of a Chromium */
function install() {
  console.log('No Chromium found; getting one.');
  for (const commands of listInstallers()) {
    const known = commands.flat().filter((word) => /^(?:sudo|apt-get|dnf|apk|pacman)$/.test(word));
    if (!known.every(isThere)) continue;
    // A list of packages that could not be renewed may still do.
    for (const command of commands) run(command);
    const found = findBrowser();
    if (found !== undefined && readVersion(found) !== undefined) return found;
  }
  return undefined;
}

/** @returns {string | undefined} what a browser calls itself, or undefined for one that does not start */
function readVersion(path) {
  try {
    return execFileSync(path, ['--version', '--no-sandbox'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = findBrowser() ?? (process.argv.includes('--install') ? install() : undefined);
  const version = found === undefined ? undefined : readVersion(found);
  if (version === undefined) {
    console.error(
      found === undefined
        ? 'No Chromium found, and none could be installed: the browser tests cannot run. Install Chromium or Chrome, or set CHROMIUM_PATH to one.'
        : `${found} does not start: the browser tests cannot run. Set CHROMIUM_PATH to a Chromium or Chrome that does.`,
    );
    process.exit(1);
  }
  console.log(version);
}
