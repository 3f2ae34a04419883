import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../test-set';
import { regex } from './regex';

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
  it.each(table)('%.40j against %j: %s', (answer, options, code) => {
    const verdict = regex.grade(answer, { type: 'regex', ...options }, testCase);
    const isMatch = code === 'matched';
    expect(verdict).toMatchObject({ pass: isMatch, score: isMatch ? 1 : 0, reason: { code } });
  });

  it('shows what matched', () => {
    const { reason } = regex.grade('x = 42', { type: 'regex', value: '\\d+' }, testCase);
    expect(reason).toEqual({ code: 'matched', expected: '\\d+', found: '42' });
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
