// No test may pass or fail by the speed of the machine: none reads a clock. What must be cheap is counted (steps,
// bytes read, calls), and what must be fast is measured in bench/.
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const CLOCK =
  /\bperformance\s*\.\s*(?:now|timeOrigin|measure)\b|\bDate\s*\.\s*now\b|\bnew Date\(\s*\)|\bhrtime\b|\b(?:cpu|resource)Usage\b|\.timeStamp\b/;

/** Files that look like tests and measure for bench/, which asserts nothing. */
const MEASURING = ['src/inference/testing/page/harness.worker.ts'];

/** @param {string} folder @returns {string[]} */
const list = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.split(sep).join('/')}`)
    .filter((path) => /\.(?:ts|js|mjs)$/.test(path));

const isTest = (path) =>
  /\.(?:test|spec)\.(?:ts|mjs)$/.test(path) || path.includes('/testing/') || path.startsWith('e2e/');
const tests = ['src', 'e2e', 'scripts'].flatMap(list).filter(isTest);

describe('the tests', () => {
  it('are all found', () => {
    expect(tests).toContain('scripts/no-clocks.test.mjs');
    expect(tests).toContain('e2e/run.spec.ts');
    expect(tests.length).toBeGreaterThan(150);
  });

  it('read no clock', () => {
    const reading = tests
      .filter((path) => path !== 'scripts/no-clocks.test.mjs' && !MEASURING.includes(path))
      .filter((path) => CLOCK.test(readFileSync(join(ROOT, path), 'utf8')));
    expect(reading).toEqual([]);
  });

  it('are told when one does', () => {
    for (const code of [
      'performance.now()',
      'Date.now() - start',
      'process.hrtime()',
      'process.cpuUsage()',
    ]) {
      expect(CLOCK.test(code), code).toBe(true);
    }
    expect(CLOCK.test("new Date('2026-01-01')")).toBe(false);
  });
});
