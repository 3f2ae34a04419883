import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../domain/run/ports';
import type { Result } from '../../domain/run/run';
import { makeGraded, makeRun, makeSet, makeSetup } from '../../domain/testing/make-run';
import { describeRun } from './run-statistics';

/** One word a case, one letter an answer: `+` right, `-` wrong, `?` unreadable. */
function makeRecord(words: readonly string[], { groups = false } = {}): RunRecord {
  const repeats = Math.max(...words.map((word) => word.length));
  const testSet = makeSet(
    words.map((_word, at) => `q${at}`),
    (_id, at) => ({
      tags: [at % 2 === 0 ? 'even' : 'odd', 'all'],
      ...(groups && { group: `g${Math.floor(at / 2)}` }),
    }),
  );
  const results = words.flatMap((word, at) =>
    Array.from(word, (letter, repeat): Result =>
      makeGraded({
        caseId: `q${at}`,
        ...(repeat > 0 && { repeat }),
        answer: letter,
        status: letter === '+' ? 'pass' : 'fail',
        outcomes: [
          {
            type: 'equals',
            verdict: {
              pass: letter === '+',
              score: 0,
              reason: letter === '?' ? { code: 'no-answer' } : { code: 'different', found: letter },
            },
          },
        ],
      }),
    ),
  );
  return {
    run: makeRun({
      setup: makeSetup({ set: { caseCount: words.length }, ...(repeats > 1 && { repeats }) }),
    }),
    results,
    testSet,
  };
}

describe('describeRun', () => {
  it('breaks the score down by tag, with intervals, and counts unreadable answers', () => {
    const { tags, extraction, consistency, repeats } = describeRun(makeRecord(['+', '-', '+', '?', '+']));
    expect(tags.map(({ tag, passed, graded }) => [tag, passed, graded])).toEqual([
      ['even', 3, 3],
      ['all', 3, 5],
      ['odd', 0, 2],
    ]);
    expect(tags[0]?.interval.low).toBeGreaterThan(0.4);
    expect(extraction).toEqual({ failures: 1, graded: 5, rate: 0.2 });
    expect(consistency).toBeUndefined();
    expect(repeats).toBeUndefined();
  });

  it('measures consistency where the set varies its items', () => {
    const { consistency } = describeRun(makeRecord(['+', '+', '+', '-', '-'], { groups: true }));
    expect(consistency).toMatchObject({ groups: 2, consistent: 1, share: 0.5, accuracy: 0.75 });
  });

  it('measures pass@k and pass^k where cases were answered several times, and scores the majority', () => {
    const { repeats, tags } = describeRun(makeRecord(['++-', '---']));
    expect(repeats).toEqual({ cases: 2, k: 3, passAtK: 0.5, passAllK: 0 });
    expect(tags.find(({ tag }) => tag === 'all')).toMatchObject({ passed: 1, graded: 2 });
  });

  it('knows what difference so many questions could show', () => {
    const halves = (count: number) => Array.from({ length: count }, (_, at) => (at % 2 === 0 ? '+' : '-'));
    const few = describeRun(makeRecord(halves(24))).detectableDifference ?? NaN;
    const many = describeRun(makeRecord(halves(400))).detectableDifference ?? NaN;
    expect(few).toBeGreaterThan(0.3);
    expect(few).toBeLessThan(0.5);
    expect(many).toBeLessThan(0.12);
    // Two wordings of one item say less than two items.
    const pairs = Array.from({ length: 400 }, (_, at) => (at % 4 < 2 ? '+' : '-'));
    expect(describeRun(makeRecord(pairs, { groups: true })).detectableDifference).toBeGreaterThan(many * 1.2);
    expect(describeRun(makeRecord(['+', '+'])).detectableDifference).toBeUndefined();
  });
});
