import { describe, expect, it } from 'vitest';
import type { GradedResult, Result } from '../../domain/run/run';
import { shareRun } from '../../domain/sharing/share-link';
import { computeWilsonInterval } from '../../domain/statistics/wilson';
import { makeFailed, makeGraded, makeRun, makeSet, makeTiming } from '../../domain/testing/make-run';
import { scoreResults, scoreShared, withInterval } from './score';

const graded = (status: GradedResult['status'], index: number): GradedResult =>
  makeGraded({
    caseId: `case-${index}`,
    status,
    timing: makeTiming({ answerTokens: 10 + index, firstTokenMs: 100 + index, decodeMs: 200 + index }),
  });
const failed = (index: number) => makeFailed({ caseId: `case-${index}` });
const run = makeRun();

describe('scoreResults', () => {
  it('gives the interval of passed in graded', () => {
    const results = [
      ...Array.from({ length: 17 }, (_, index) => graded('pass', index)),
      ...Array.from({ length: 3 }, (_, index) => graded('fail', 17 + index)),
      graded('not-run', 20),
      failed(21),
    ];
    const { passed, graded: total, interval } = scoreResults(results);
    expect({ passed, total }).toEqual({ passed: 17, total: 20 });
    expect((interval?.low ?? 0) * 100).toBeCloseTo(64.0, 1);
    expect((interval?.high ?? 0) * 100).toBeCloseTo(94.8, 1);
  });

  it('takes variants of a few items for a few items', () => {
    const results = Array.from({ length: 20 }, (_, index) => graded(index < 10 ? 'pass' : 'fail', index));
    const { cases } = makeSet(
      results.map(({ caseId }) => caseId),
      (_id, at) => ({ group: `item-${Math.floor(at / 5)}` }),
    );
    expect(scoreResults(results, cases).interval).toEqual(computeWilsonInterval(2, 4));
    expect(scoreResults(results).interval).toEqual(computeWilsonInterval(10, 20));
  });

  it('has no interval before anything was graded', () => {
    expect(scoreResults([])).not.toHaveProperty('interval');
    expect(scoreResults([graded('not-run', 0), failed(1)])).not.toHaveProperty('interval');
  });
});

describe('scoreShared', () => {
  const unread = { pass: false, score: 0, reason: { code: 'no-answer' } } as const;

  it.each<[what: string, results: readonly Result[]]>([
    ['nothing', []],
    ['only failures', [failed(0), failed(1)]],
    [
      'everything',
      [graded('pass', 0), graded('fail', 1), graded('not-run', 2), failed(3), graded('pass', 4)],
    ],
    [
      'an answer that only a recorded grader could not read',
      [
        {
          ...graded('fail', 0),
          outcomes: [
            { type: 'number', recorded: true, verdict: unread },
            { type: 'equals', verdict: { pass: false, score: 0, reason: { code: 'different' } } },
          ],
        },
        { ...graded('fail', 1), outcomes: [{ type: 'number', verdict: unread }] },
      ],
    ],
    [
      'several answers to a case',
      [graded('pass', 0), graded('fail', 0), graded('pass', 0)].map((result, repeat) =>
        repeat === 0 ? result : { ...result, repeat },
      ),
    ],
  ])('says of a link what the page said of the run: %s', (_what, results) => {
    expect(scoreShared(shareRun(run, results, 100).results)).toEqual(scoreResults(results));
  });
});

describe('withInterval', () => {
  it('keeps what it was given', () => {
    expect(withInterval({ passed: 0, graded: 0, finished: 3 })).toEqual({
      passed: 0,
      graded: 0,
      finished: 3,
    });
    expect(withInterval({ passed: 5, graded: 5, finished: 5 })).toMatchObject({
      finished: 5,
      interval: { high: 1 },
    });
  });
});
