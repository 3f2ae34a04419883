import { describe, expect, it } from 'vitest';
import type { GraderOutcome } from '../graders/grader';
import { nameAttempt, settleRepeats, summarizeRepeats } from './repeats';
import type { GradedResult, Result } from './run';
import { sumResults } from './totals';

/** `+` right; a letter: wrong in that way; `?` nothing could be read; `~` not run; `!` the engine failed. */
function answersOf(caseId: string, letters: string): Result[] {
  return Array.from(letters).map((letter, at): Result => {
    const attempt = { caseId, ...(at > 0 && { repeat: at }), prompt: 'p', answer: letter };
    if (letter === '!') return { kind: 'failed', ...attempt, fault: { kind: 'engine', detail: 'gone' } };
    const reason =
      letter === '?' ? { code: 'no-answer' as const } : { code: 'different' as const, found: letter };
    const verdict: GraderOutcome['verdict'] =
      letter === '~'
        ? { notRun: { code: 'unknown-grader' } }
        : letter === '+'
          ? { pass: true, score: 1, reason: { code: 'matched', found: `right ${at}` } }
          : { pass: false, score: 0, reason };
    return {
      kind: 'graded',
      ...attempt,
      finish: 'stop',
      status: letter === '+' ? 'pass' : letter === '~' ? 'not-run' : 'fail',
      score: letter === '+' ? 1 : 0,
      outcomes: [{ type: 'x', verdict }],
      timing: {
        promptTokens: 1,
        cachedTokens: 0,
        answerTokens: 10,
        firstTokenMs: 100,
        totalMs: 300,
        prefillMs: 90,
        decodeMs: 1_000,
      },
    };
  });
}
const statusOf = (result: Result | undefined) => (result?.kind === 'graded' ? result.status : result?.kind);

describe('settleRepeats', () => {
  it.each([
    ['+', 'pass'],
    ['+a+', 'pass'],
    ['a+a', 'fail'],
    // A right answer counts as one whatever was read out of it; wrong ones only where they agree.
    ['+ab+c', 'pass'],
    ['+aab', 'fail'],
    ['+a', 'fail'],
    ['a+', 'fail'],
    ['??+', 'pass'],
    ['???', 'fail'],
    ['!!+', 'pass'],
    ['!!', 'failed'],
    ['~~~', 'not-run'],
    ['A a+', 'fail'],
  ])('of %s says %s', (letters, status) => {
    const settled = settleRepeats(answersOf('x', letters.replace(' ', '')));
    expect(settled).toHaveLength(1);
    expect(statusOf(settled[0])).toBe(status);
  });

  it('keeps one result a case, in order, and shows the first that the majority agrees with', () => {
    const results = [...answersOf('x', 'aB+b'), ...answersOf('y', '++a')];
    expect(settleRepeats(results).map(({ caseId, answer }) => [caseId, answer])).toEqual([
      ['x', 'B'],
      ['y', '+'],
    ]);
  });

  it('leaves runs alone that answer each case once', () => {
    const results = [...answersOf('x', '+'), ...answersOf('y', 'a')];
    expect(settleRepeats(results)).toBe(results);
  });
});

describe('totals of a run with repeats', () => {
  const results = [...answersOf('x', '+a+'), ...answersOf('y', 'aab'), ...answersOf('z', '!!!')];

  it('count cases, but all tokens and times', () => {
    expect(sumResults(results)).toMatchObject({
      passed: 1,
      failed: 1,
      broken: 1,
      graded: 2,
      answerTokens: 60,
      tokensPerSecond: 10,
    });
  });

  it('count an abstention apart, and still as failed', () => {
    const abstaining = answersOf('x', '?').map((each) => ({ ...(each as GradedResult), answer: 'Не знаю.' }));
    expect(sumResults([...abstaining, ...answersOf('y', 'a')])).toMatchObject({
      failed: 2,
      abstained: 1,
      graded: 2,
    });
  });
});

describe('summarizeRepeats', () => {
  it('averages pass@k and pass^k over cases that have so many answers', () => {
    const results = [...answersOf('x', '++aa'), ...answersOf('y', 'aaaa'), ...answersOf('z', '+')];
    expect(summarizeRepeats(results, 2)).toEqual({
      cases: 2,
      k: 2,
      passAtK: expect.closeTo((1 - 1 / 6) / 2, 12) as number,
      passAllK: expect.closeTo(1 / 6 / 2, 12) as number,
    });
    expect(summarizeRepeats(results, 1)?.cases).toBe(3);
    expect(summarizeRepeats(results, 5)).toBeUndefined();
  });
});

describe('nameAttempt', () => {
  it('is the id of the case for the first answer', () => {
    expect(nameAttempt({ caseId: 'a' })).toBe('a');
    expect(nameAttempt({ caseId: 'a', repeat: 0 })).toBe('a');
    expect(nameAttempt({ caseId: 'a', repeat: 2 })).toBe('a#2');
  });
});
