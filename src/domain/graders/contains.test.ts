import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../test-set';
import { contains } from './contains';

const testCase: Case = { id: 'case', prompt: '?', graders: [{ type: 'contains' }], tags: [] };

const table: [answer: string, options: Record<string, unknown>, code: string][] = [
  ['It is Paris, France.', { value: 'Paris' }, 'matched'],
  ['It is paris.', { value: 'Paris' }, 'missing'],
  ['It is paris.', { value: 'Paris', ignoreCase: true }, 'matched'],
  ['ЭТО ЁЖ', { value: 'ёж', ignoreCase: true }, 'matched'],
  ['', { value: 'Paris' }, 'missing'],
  ['a, b and c', { value: ['a', 'b', 'c'] }, 'matched'],
  ['a and c', { value: ['a', 'b', 'c'] }, 'missing'],
  ['A and B', { value: ['a', 'b'], ignoreCase: true }, 'matched'],
  ['1+1=2 (.*)', { value: '(.*)' }, 'matched'],
];

describe('contains', () => {
  it.each(table)('%j against %j: %s', (answer, options, code) => {
    const verdict = contains.grade(answer, { type: 'contains', ...options }, testCase);
    const isMatch = code === 'matched';
    expect(verdict).toMatchObject({ pass: isMatch, score: isMatch ? 1 : 0, reason: { code } });
  });

  it('names what is missing', () => {
    const { reason } = contains.grade('only b', { type: 'contains', value: ['x', 'b', 'z'] }, testCase);
    expect(reason).toEqual({ code: 'missing', expected: 'x, z', found: 'only b' });
  });

  it.each([{}, { value: '' }, { value: [] }, { value: ['a', ''] }, { value: 1 }, { value: 'x', all: true }])(
    'refuses the options %j',
    (options) => {
      expect(() => contains.check({ type: 'contains', ...options })).toThrow(FaultError);
    },
  );
});
