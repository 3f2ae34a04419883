import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { equals } from './equals';

const testCase: Case = { id: 'case', prompt: '?', graders: [{ type: 'equals' }], tags: [] };

const table: [answer: string, options: Record<string, unknown>, code: string][] = [
  ['Paris', { value: 'Paris' }, 'matched'],
  ['paris', { value: 'Paris' }, 'different'],
  ['Paris.', { value: 'Paris' }, 'different'],
  ['Paris\n', { value: 'Paris' }, 'different'],
  ['', { value: 'Paris' }, 'no-answer'],
  [' \n', { value: 'Paris' }, 'no-answer'],
  ['', { value: '' }, 'matched'],
  ['pARIS', { value: 'Paris', ignoreCase: true }, 'matched'],
  ['МОСКВА', { value: 'Москва', ignoreCase: true }, 'matched'],
  ['Paris.', { value: 'Paris', ignoreCase: true }, 'different'],
  ['"Paris" (!)', { value: 'Paris ', ignorePunctuation: true }, 'matched'],
  ['$1,000.00', { value: '100000', ignorePunctuation: true }, 'matched'],
  ['paris!', { value: 'Paris', ignorePunctuation: true }, 'different'],
  ['«Paris»', { value: 'Paris', ignorePunctuation: true }, 'different'],
  ['PARIS!', { value: 'paris?', ignoreCase: true, ignorePunctuation: true }, 'matched'],
];

describe('equals', () => {
  it.each(table)('%j against %j: %s', (answer, options, code) => {
    const verdict = equals.grade(answer, { type: 'equals', ...options }, testCase);
    const isMatch = code === 'matched';
    expect(verdict).toMatchObject({ pass: isMatch, score: isMatch ? 1 : 0, reason: { code } });
  });

  it('shows the start of both', () => {
    const { reason } = equals.grade('x'.repeat(500), { type: 'equals', value: 'y' }, testCase);
    expect(reason).toEqual({ code: 'different', expected: 'y', found: 'x'.repeat(80) });
  });

  it.each([
    {},
    { value: NaN },
    { value: [undefined] },
    { value: 'x', ignoreCase: 'yes' },
    { value: 'x', threshold: 1 },
  ])('refuses the options %j', (options) => {
    expect(() => equals.check({ type: 'equals', ...options })).toThrow(FaultError);
  });
});
