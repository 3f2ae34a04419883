import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STAGES, runStages } from './verify.mjs';

/** @param {readonly string[]} broken the stages that fail */
function tryStages(broken) {
  /** @type {string[]} */
  const ran = [];
  /** @type {string[]} */
  const said = [];
  const run = (name) => {
    ran.push(name);
    return !broken.includes(name);
  };
  const failed = runStages(STAGES, run, (line) => said.push(line));
  return { ran, failed, last: said.at(-1), said: said.join('\n') };
}

describe('the stages of npm test', () => {
  it('are scripts of the package', () => {
    const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(STAGES.map(({ name }) => name)));
  });

  it('all pass', () => {
    expect(tryStages([])).toMatchObject({
      ran: ['messages', 'lint', 'check', 'unit', 'build', 'e2e', 'gpu'],
      failed: [],
      last: '\nAll stages passed.',
    });
  });

  it('all run, whichever failed first', () => {
    expect(tryStages(['lint', 'unit'])).toMatchObject({
      ran: ['messages', 'lint', 'check', 'unit', 'build', 'e2e', 'gpu'],
      failed: ['lint', 'unit'],
      last: '\nFailed: lint, unit.',
    });
  });

  it('leave out the browser where there is nothing to show it, and say so', () => {
    const { ran, failed, last, said } = tryStages(['build']);
    expect(ran).not.toContain('e2e');
    expect(failed).toEqual(['build']);
    expect(said).toContain('e2e: skipped, because build failed');
    expect(last).toBe('\nFailed: build; skipped: e2e.');
  });
});
