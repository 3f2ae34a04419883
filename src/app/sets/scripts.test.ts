import { describe, expect, it } from 'vitest';
import { parseTestSet, type GraderSpec } from '../../domain/sets/test-set';
import { listScripts } from './scripts';

const makeSet = (...graders: GraderSpec[][]) =>
  parseTestSet({
    id: 'x',
    title: 'x',
    language: 'en',
    licence: 'x',
    cases: graders.map((each, index) => ({ id: String(index), prompt: '?', graders: each })),
  });

describe('listScripts', () => {
  it('finds none where there is none', () => {
    expect(listScripts(makeSet([{ type: 'equals', value: 'javascript' }]))).toEqual([]);
  });

  it('finds each once, also negated and within a set, with the number of cases', () => {
    const found = listScripts(
      makeSet(
        [
          { type: 'javascript', value: 'a' },
          { type: 'javascript', value: 'a' },
        ],
        [{ type: 'not-javascript', value: 'a' }],
        [{ type: 'assert-set', assert: [{ type: 'javascript', value: 'b' }] }],
        [{ type: 'equals', value: 'x', transform: ['c', 'a'] }],
      ),
    );
    expect(found).toEqual([
      { source: 'a', cases: 3 },
      { source: 'b', cases: 1 },
      { source: 'c', cases: 1 },
    ]);
  });
});
