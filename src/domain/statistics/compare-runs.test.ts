import { describe, expect, it } from 'vitest';
import type { Result } from '../run/run';
import { parseTestSet } from '../sets/test-set';
import { compareRuns, countExtractionFailures, scoreCases } from './compare-runs';

const set = (change: (id: string) => object = () => ({})) =>
  parseTestSet({
    id: 's',
    title: 's',
    language: 'en',
    licence: 'x',
    cases: ['a', 'b', 'c', 'd'].map((id) => ({
      id,
      prompt: `${id}?`,
      graders: [{ type: 'equals', value: id }],
      group: id < 'c' ? 'first' : 'second',
      tags: [id < 'c' ? 'easy' : 'hard'],
      ...change(id),
    })),
  });

/** One letter a case from `a`: `+` right, `-` wrong, `?` unread, `~` not run, `!` broken. */
function results(letters: string): Result[] {
  return Array.from(letters).flatMap((letter, at): Result[] => {
    const attempt = { caseId: 'abcd'.charAt(at), prompt: 'p', answer: letter };
    if (letter === ' ') return [];
    if (letter === '!') return [{ kind: 'failed', ...attempt, fault: { kind: 'engine', detail: 'gone' } }];
    const code = letter === '+' ? 'matched' : letter === '?' ? 'ambiguous' : 'different';
    return [
      {
        kind: 'graded',
        ...attempt,
        finish: 'stop',
        status: letter === '+' ? 'pass' : letter === '~' ? 'not-run' : 'fail',
        score: letter === '+' ? 1 : 0.5,
        outcomes: [
          { type: 'equals', verdict: { pass: letter === '+', score: 0, reason: { code, found: letter } } },
        ],
        timing: {
          promptTokens: 1,
          cachedTokens: 0,
          answerTokens: 1,
          firstTokenMs: 1,
          totalMs: 1,
          prefillMs: 1,
          decodeMs: 1,
        },
      },
    ];
  });
}

describe('compareRuns', () => {
  it('pairs what both graded, by case, clustered by group and broken down by tag', () => {
    const comparison = compareRuns(
      { results: results('++-~'), testSet: set() },
      { results: results('-++!'), testSet: set() },
    );
    expect(comparison).toMatchObject({
      pairs: 3,
      clusters: 2,
      lost: ['a'],
      won: ['c'],
      p: 1,
      difference: 0,
      unpaired: 0,
      changed: [],
    });
    expect(comparison.groups.map(({ tag, pairs }) => [tag, pairs])).toEqual([
      ['easy', 2],
      ['hard', 1],
    ]);
  });

  it('leaves out cases that are not the same in both sets', () => {
    const other = set((id) => (id === 'b' ? { prompt: 'Something else?' } : {}));
    const comparison = compareRuns(
      { results: results('++++'), testSet: set() },
      { results: results('----'), testSet: other },
    );
    expect(comparison).toMatchObject({ pairs: 3, lost: ['a', 'c', 'd'], changed: ['b'] });
  });

  it('counts repeats as one case', () => {
    const repeated = results('+').flatMap((each) => [each, { ...each, repeat: 1 }, { ...each, repeat: 2 }]);
    expect(scoreCases(repeated, set().cases)).toEqual([
      { caseId: 'a', pass: true, score: 1, cluster: 'first', tags: ['easy'] },
    ]);
  });
});

describe('countExtractionFailures', () => {
  it('counts graded answers that nothing could be read out of', () => {
    expect(countExtractionFailures(results('+?-~'))).toEqual({ failures: 1, graded: 3, rate: 1 / 3 });
    expect(countExtractionFailures(results('!'))).toEqual({ failures: 0, graded: 0 });
  });
});
