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

function run(command, args) {
  console.log(`> ${command} ${args.join(' ')}`);
  return spawnSync(command, args, { stdio: 'inherit', timeout: 15 * 60_000 }).status === 0;
}

function install() {
  // Playwright's command line, with this Node: npx may want to ask something.
  const playwright = join(
    fileURLToPath(new URL('..', import.meta.url)),
    'node_modules/@playwright/test/cli.js',
  );
  if (run(process.execPath, [playwright, 'install', '--with-deps', 'chromium']) && findBrowser()) return;
  if (process.platform !== 'linux') return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  for (const [command, ...args] of [
    [...sudo, 'apt-get', 'update'],
    [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
  ]) {
    run(command, args);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (findBrowser() === undefined && process.argv.includes('--install')) install();
  const found = findBrowser();
  if (found === undefined) {
    console.error(
      'No Chromium found. Install Chromium or Chrome, or set CHROMIUM_PATH to one, and try again.',
    );
    process.exit(1);
  }
  console.log(execFileSync(found, ['--version', '--no-sandbox'], { encoding: 'utf8' }).trim());
}
