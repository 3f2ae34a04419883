import { describe, expect, it } from 'vitest';
import type { Vote } from './majority';
import { settleRepeats } from '../run/repeats';
import type { GradedResult } from '../run/run';
import type { Case, GraderSpec } from '../sets/test-set';
import { makeGraded } from '../testing/make-run';
import { gradeAnswer, graderRegistry } from './registry';
import { isMajority, selfConsistency } from './self-consistency';

const caseOf = (...graders: GraderSpec[]): Case => ({ id: 'c', prompt: '?', graders, tags: [] });
const anyCase = caseOf({ type: 'self-consistency' });

/** `+` right, a letter wrong in that way, `?` unread. */
const votesOf = (letters: string): Vote[] =>
  Array.from(letters).map((letter) =>
    letter === '+' ? { kind: 'right' } : letter === '?' ? { kind: 'none' } : { kind: 'wrong', found: letter },
  );

describe('self-consistency', () => {
  it.each([
    ['+', 'matched', '✓ 1/1'],
    ['a', 'outvoted', 'a 1/1'],
    ['?', 'outvoted', '✓ 0/1'],
    ['++a', 'matched', '✓ 2/3, a 1/3'],
    ['aa+', 'outvoted', 'a 2/3, ✓ 1/3'],
    // The most votes decide, not more than half of them; wrong answers count together only where they agree.
    ['+ab+c', 'matched', '✓ 2/5, a 1/5, b 1/5, …'],
    ['+a', 'tied', '✓ 1/2, a 1/2'],
    ['a+', 'tied', 'a 1/2, ✓ 1/2'],
    ['aabb+', 'tied', 'a 2/5, b 2/5, ✓ 1/5'],
    ['ab', 'tied', 'a 1/2, b 1/2'],
    // What nobody could read has no vote, but was asked.
    ['??+', 'matched', '✓ 1/3'],
    ['+?a?', 'tied', '✓ 1/4, a 1/4'],
    ['???', 'outvoted', '✓ 0/3'],
    ['++++++++++', 'matched', '✓ 10/10'],
  ])('of %s says %s', (letters, code, found) => {
    const outcome = selfConsistency.grade('', { type: 'self-consistency' }, anyCase, {
      votes: votesOf(letters),
    });
    expect(outcome).toEqual({
      pass: code === 'matched',
      score: code === 'matched' ? 1 : 0,
      reason: { code, found },
    });
  });

  it('is the one grader that reads votes: its outcomes are worked out again when all answers are in', () => {
    for (const { id, readsVotes } of graderRegistry.values()) expect(isMajority(id), id).toBe(readsVotes);
    expect(isMajority('not-self-consistency')).toBe(true);
  });

  it('names long answers by their beginning', () => {
    const found = '🦊'.repeat(50);
    const outcome = selfConsistency.grade('', { type: 'self-consistency' }, anyCase, {
      votes: [{ kind: 'wrong', found }],
    });
    expect(outcome).toMatchObject({ reason: { found: `${'🦊'.repeat(19)}… 1/1` } });
  });

  it.each<[string, Case, string, string]>([
    ['right', caseOf({ type: 'number', value: 4 }, { type: 'self-consistency' }), 'It is 4.', 'pass'],
    ['wrong', caseOf({ type: 'number', value: 4 }, { type: 'self-consistency' }), 'It is 5.', 'fail'],
    ['in any order', caseOf({ type: 'self-consistency' }, { type: 'number', value: 4 }), 'It is 4.', 'pass'],
    ['nothing reads the answer', anyCase, 'It is 4.', 'not-run'],
    [
      'what reads it is only recorded',
      caseOf({ type: 'number', value: 4, weight: 0 }, { type: 'self-consistency' }),
      '4',
      'not-run',
    ],
    [
      'what reads it is unknown',
      caseOf({ type: 'nobody-knows' }, { type: 'self-consistency' }),
      '4',
      'not-run',
    ],
    [
      'a threshold decides',
      {
        ...caseOf(
          { type: 'number', value: 4 },
          { type: 'icontains', value: 'is' },
          { type: 'self-consistency' },
        ),
        threshold: 0.5,
      },
      'It is 5.',
      'pass',
    ],
  ])('with one answer is its vote: %s', async (_title, testCase, answer, status) => {
    expect((await gradeAnswer(answer, testCase)).status).toBe(status);
  });

  it.each([
    [['4', '4', '5'], 'pass', '✓ 2/3, 5 1/3'],
    [['5', '4', '5'], 'fail', '5 2/3, ✓ 1/3'],
    [['5', '4'], 'fail', '5 1/2, ✓ 1/2'],
    [['7', '5', '4', '4'], 'pass', '✓ 2/4, 7 1/4, 5 1/4'],
    [['Hm.', 'Let me see.', '4'], 'pass', '✓ 1/3'],
  ])('of the repeats %j decides %s', async (answers, status, found) => {
    const testCase = caseOf({ type: 'number', value: 4 }, { type: 'self-consistency' });
    const results: GradedResult[] = [];
    for (const [at, answer] of answers.entries()) {
      const { outcomes, ...grade } = await gradeAnswer(answer, testCase);
      results.push(makeGraded({ caseId: 'c', ...(at > 0 && { repeat: at }), answer, ...grade, outcomes }));
    }
    const [settled] = settleRepeats(results);
    expect(settled).toMatchObject({ status, outcomes: [{}, { verdict: { reason: { found } } }] });
    // What shows it is drawn once, not with every token.
    expect(settleRepeats(results)[0]).toBe(settled);
  });
});
