import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { regex } from './regex';
import { nodePorts } from './testing/node-ports';

const testCase: Case = { id: 'case', prompt: '?', graders: [{ type: 'regex' }], tags: [] };

const table: [answer: string, options: Record<string, unknown>, code: string][] = [
  ['The answer is 42.', { value: '\\d+' }, 'matched'],
  ['The answer is 42.', { value: '^\\d+$' }, 'missing'],
  ['one\n42\ntwo', { value: '^\\d+$', flags: 'm' }, 'matched'],
  ['PARIS', { value: 'paris' }, 'missing'],
  ['PARIS', { value: 'paris', flags: 'i' }, 'matched'],
  ['Да', { value: '^\\p{L}+$', flags: 'u' }, 'matched'],
  ['', { value: 'x' }, 'missing'],
  ['', { value: '^$' }, 'matched'],
  [`${'a'.repeat(100_000)}b`, { value: 'a{5}b$' }, 'matched'],
];

describe('regex', () => {
  it.each(table)('%.40j against %j: %s', async (answer, options, code) => {
    const verdict = await regex.grade(answer, { type: 'regex', ...options }, testCase, nodePorts);
    const isMatch = code === 'matched';
    expect(verdict).toMatchObject({ pass: isMatch, score: isMatch ? 1 : 0, reason: { code } });
  });

  it('shows what matched', async () => {
    const verdict = await regex.grade('x = 42', { type: 'regex', value: '\\d+' }, testCase, nodePorts);
    expect(verdict).toMatchObject({ reason: { code: 'matched', expected: '\\d+', found: '42' } });
  });

  it('is not run without a place to run it, nor when it takes too long', async () => {
    const spec = { type: 'regex', value: '^(a+)+$' };
    expect(await regex.grade('a', spec, testCase)).toMatchObject({ notRun: { code: 'not-available' } });
    const outcome = await regex.grade(`${'a'.repeat(40)}b`, spec, testCase, nodePorts);
    expect(outcome).toMatchObject({ notRun: { code: 'timeout', expected: 'regex' } });
  });

  it.each([
    {},
    { value: '' },
    { value: '(' },
    { value: 'x'.repeat(1_001) },
    { value: 'x', flags: 'g' },
    { value: 'x', flags: 'ii' },
    { value: 'x', flags: 'uv' },
    { value: '\\p{Nope}', flags: 'u' },
  ])('refuses the options %.60j', (options) => {
    expect(() => regex.check({ type: 'regex', ...options })).toThrow(FaultError);
  });
});
