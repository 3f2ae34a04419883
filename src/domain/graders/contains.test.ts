import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import type { Case } from '../sets/test-set';
import { splitList } from './parts/substrings';
import { contains } from './contains';
import { containsAll } from './contains-all';

const testCase: Case = { id: 'case', prompt: '?', graders: [{ type: 'contains' }], tags: [] };

const table: [answer: string, options: Record<string, unknown>, code: string][] = [
  ['It is Paris, France.', { value: 'Paris' }, 'matched'],
  ['It is paris.', { value: 'Paris' }, 'missing'],
  ['', { value: 'Paris' }, 'missing'],
  ['1+1=2 (.*)', { value: '(.*)' }, 'matched'],
  ['It is 12.', { value: 12 }, 'matched'],
];

describe('contains', () => {
  it.each(table)('%j against %j: %s', (answer, options, code) => {
    const verdict = contains.grade(answer, { type: 'contains', ...options }, testCase);
    const isMatch = code === 'matched';
    expect(verdict).toMatchObject({ pass: isMatch, score: isMatch ? 1 : 0, reason: { code } });
  });

  it.each([
    {},
    { value: '' },
    { value: ['a'] },
    { value: NaN },
    { value: 'x', all: true },
    { value: 'x', threshold: 1 },
  ])('refuses the options %j', (options) => {
    expect(() => contains.check({ type: 'contains', ...options })).toThrow(FaultError);
  });
});

describe('contains-all', () => {
  it('names what is missing', () => {
    const { reason } = containsAll.grade(
      'only b',
      { type: 'contains-all', value: ['x', 'b', 'z'] },
      testCase,
    );
    expect(reason).toEqual({ code: 'missing', expected: 'x, z', found: 'only b' });
  });

  it.each([{}, { value: '' }, { value: ' , ' }, { value: [] }, { value: ['a', ''] }, { value: '"a' }])(
    'refuses the options %j',
    (options) => {
      expect(() => containsAll.check({ type: 'contains-all', ...options })).toThrow(FaultError);
    },
  );
});

describe('splitList', () => {
  it.each([
    ['a,b', ['a', 'b']],
    [' a , b ', ['a', 'b']],
    ['a,,b,', ['a', 'b']],
    ['"a,b", c', ['a,b', 'c']],
    ['"say ""hi""", "back\\\\slash", "q\\"q"', ['say "hi"', 'back\\slash', 'q"q']],
    ['a "b" c', ['a "b" c']],
    ['', []],
  ])('%j is %j', (text, values) => {
    expect(splitList(text)).toEqual(values);
  });

  it.each(['"a', '"a" b', '"a"b,c'])('refuses %j', (text) => {
    expect(() => splitList(text)).toThrow(FaultError);
  });
});
