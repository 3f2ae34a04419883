// What `npm test` does: every check, each whatever became of the others, and at the end which of them failed.
// Usage: node scripts/verify.mjs
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @typedef {{ name: string, needs?: string }} Stage  the name of an npm script, and the stage it can do nothing without */

/** @type {readonly Stage[]} */
export const STAGES = [
  { name: 'messages' },
  { name: 'lint' },
  { name: 'check' },
  { name: 'unit' },
  { name: 'build' },
  { name: 'e2e', needs: 'build' },
  // After the browser is there, which brings a graphics device made of software.
  { name: 'gpu' },
];

/**
 * Runs the stages in their order.
 * @param {readonly Stage[]} stages
 * @param {(name: string) => boolean} run tells whether the stage passed
 * @param {(line: string) => unknown} say
 * @returns {readonly string[]} the names of those that failed; one that was skipped isn't among them
 */
export function runStages(stages, run, say) {
  /** @type {string[]} */
  const failed = [];
  /** @type {string[]} */
  const skipped = [];
  for (const { name, needs } of stages) {
    if (needs !== undefined && (failed.includes(needs) || skipped.includes(needs))) {
      say(`\n== ${name}: skipped, because ${needs} failed`);
      skipped.push(name);
      continue;
    }
    say(`\n== ${name}`);
    if (!run(name)) failed.push(name);
  }
  const without = skipped.length === 0 ? '' : `; skipped: ${skipped.join(', ')}`;
  say(failed.length === 0 ? '\nAll stages passed.' : `\nFailed: ${failed.join(', ')}${without}.`);
  return failed;
}

/** @param {string} name of an npm script @returns {boolean} whether it passed */
function runScript(name) {
  const windows = process.platform === 'win32';
  return (
    spawnSync(windows ? 'npm.cmd' : 'npm', ['run', '--silent', name], { stdio: 'inherit', shell: windows })
      .status === 0
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reports = join(import.meta.dirname, '../reports');
  // What an earlier run left there would be counted as this one's.
  for (const name of ['unit', 'gpu', 'e2e', 'stages']) rmSync(join(reports, `${name}.json`), { force: true });
  const failed = runStages(STAGES, runScript, console.log);
  mkdirSync(reports, { recursive: true });
  writeFileSync(join(reports, 'stages.json'), JSON.stringify({ failed }));
  process.exitCode = failed.length === 0 ? 0 : 1;
}
