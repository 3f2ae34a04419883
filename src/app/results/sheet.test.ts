import { describe, expect, it } from 'vitest';
import type { GradedResult } from '../../domain/run/run';
import type { SharedResult } from '../../domain/sharing/share-link';
import type { Case } from '../../domain/sets/test-set';
import { makeFailed, makeGraded } from '../../domain/testing/make-run';
import { buildSharedSheet, buildSheet, filterRows, LEAST_TIMED_TOKENS } from './sheet';

const cases: readonly Case[] = ['a', 'b', 'c'].map((id) => ({
  id,
  prompt: `${id}?`,
  graders: [{ type: 'equals', value: 'x' }],
  tags: [],
}));

const graded = (caseId: string, change: Partial<GradedResult> = {}) =>
  makeGraded({
    caseId,
    prompt: 'as the model saw it',
    answer: 'x',
    outcomes: [
      { type: 'equals', verdict: { pass: true, score: 1, reason: { code: 'matched', expected: 'x' } } },
      { type: 'future', verdict: { notRun: { code: 'unknown-grader', expected: 'future' } } },
    ],
    ...change,
  });
const failed = makeFailed({ caseId: 'b', prompt: 'as the model saw it', answer: 'half' });

describe('buildSheet', () => {
  it('keeps a row that has not changed the same object', () => {
    const first = graded('a');
    const before = buildSheet(cases, [first]);
    const after = buildSheet(cases, [first, graded('b')]);
    expect(after[0]).toBe(before[0]);
    expect(after[2]).toBe(before[2]);
    expect(after[1]).not.toBe(before[1]);
    // The same result of another set, or in another place, is another row.
    expect(buildSheet([...cases].reverse(), [first])[2]).not.toBe(before[0]);
  });

  it('numbers all cases in the order of the set, whatever the order of answers', () => {
    const rows = buildSheet(cases, [graded('c'), graded('a')]);
    expect(
      rows.map(({ number, id, testCase, answer }) => [number, id, testCase?.prompt, answer?.status]),
    ).toEqual([
      [1, 'a', 'a?', 'pass'],
      [2, 'b', 'b?', undefined],
      [3, 'c', 'c?', 'pass'],
    ]);
  });

  it('shows every reason, the rate and what the model was given', () => {
    const { timing } = graded('a');
    const long = { ...timing, answerTokens: 40, decodeMs: 800 };
    expect(buildSheet(cases, [graded('a', { timing: long })])[0]?.answer).toEqual({
      status: 'pass',
      text: 'x',
      reasons: [
        { code: 'matched', expected: 'x' },
        { code: 'unknown-grader', expected: 'future' },
      ],
      tokens: 40,
      firstTokenMs: 100,
      tokensPerSecond: 50,
      modelPrompt: 'as the model saw it',
    });
  });

  it('says that an answer ran out of tokens', () => {
    expect(buildSheet(cases, [graded('a', { finish: 'length' })])[0]?.answer?.cutBy).toBe('length');
  });

  it('gives no rate of its own to an answer of few tokens', () => {
    const { timing } = graded('a');
    const few = { ...timing, answerTokens: LEAST_TIMED_TOKENS - 1 };
    const rows = buildSheet(cases, [graded('a', { timing: few })]);
    expect(rows[0]?.answer).not.toHaveProperty('tokensPerSecond');
  });

  it('has no rate where nothing was decoded', () => {
    const { timing } = graded('a');
    const rows = buildSheet(cases, [graded('a', { timing: { ...timing, decodeMs: 0 } })]);
    expect(rows[0]?.answer).not.toHaveProperty('tokensPerSecond');
  });

  it('shows a failed case with its fault and what was written before', () => {
    expect(buildSheet(cases, [failed])[1]?.answer).toEqual({
      status: 'broken',
      text: 'half',
      reasons: [],
      fault: { kind: 'engine', detail: 'gone' },
      tokens: 0,
      firstTokenMs: 0,
      modelPrompt: 'as the model saw it',
    });
  });

  it('leaves out results of cases that the set does not have', () => {
    expect(buildSheet(cases, [graded('z')]).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});

describe('choices scored by likelihood', () => {
  it('are shown as shares of one whole, however unlikely all of them are', () => {
    const scores = { loglikelihoods: [-1000, -1000 - Math.log(3)], greedy: [true, false], tokens: [1, 1] };
    const [row] = buildSheet(cases, [graded('a', { choices: scores })]);
    const [likely, unlikely] = row?.answer?.choiceShares ?? [];
    expect(likely).toBeCloseTo(0.75);
    expect(unlikely).toBeCloseTo(0.25);
  });

  it('are absent from an answer in words', () => {
    const [row] = buildSheet(cases, [graded('a')]);
    expect(row?.answer).not.toHaveProperty('choiceShares');
  });
});

describe('buildSharedSheet', () => {
  const shared: SharedResult = {
    caseId: 'b',
    status: 'fail',
    answer: '<b>x</b>',
    cut: true,
    reason: { code: 'of-the-future', found: 'x' },
    answerTokens: 10,
    firstTokenMs: 100,
    totalMs: 300,
    decodeMs: 200,
  };

  it('shows the whole set when this page has it', () => {
    const rows = buildSharedSheet([shared], cases);
    expect(rows.map(({ number, id, answer }) => [number, id, answer?.text])).toEqual([
      [1, 'a', undefined],
      [2, 'b', '<b>x</b>'],
      [3, 'c', undefined],
    ]);
    expect(rows[1]?.testCase).toBe(cases[1]);
  });

  it('numbers the results when it does not', () => {
    expect(buildSharedSheet([shared, { ...shared, caseId: 'y' }], undefined)).toMatchObject([
      { number: 1, id: 'b' },
      { number: 2, id: 'y' },
    ]);
  });

  it('keeps text, a code that nobody knows, and that the link cut the answer', () => {
    const long = { ...shared, answerTokens: 40, decodeMs: 800 };
    expect(buildSharedSheet([long], undefined)[0]?.answer).toEqual({
      status: 'fail',
      text: '<b>x</b>',
      cutBy: 'link',
      reasons: [{ code: 'of-the-future', found: 'x' }],
      tokens: 40,
      firstTokenMs: 100,
      tokensPerSecond: 50,
    });
  });

  it('has no reason where the link has none', () => {
    const rows = buildSharedSheet([{ ...shared, reason: null, cut: false, decodeMs: 0 }], undefined);
    expect(rows[0]?.answer).toMatchObject({ reasons: [] });
    expect(rows[0]?.answer).not.toHaveProperty('cutBy');
    expect(rows[0]?.answer).not.toHaveProperty('tokensPerSecond');
  });
});

describe('filterRows', () => {
  it('tells right, wrong and the rest apart, and loses no row', () => {
    const rows = buildSheet(cases, [graded('a'), failed]);
    const wrong = buildSheet(cases, [graded('a', { status: 'fail' }), graded('b', { status: 'not-run' })]);
    const idsOf = (filtered: typeof rows) => filtered.map(({ id }) => id);
    expect(idsOf(filterRows(rows, 'passed'))).toEqual(['a']);
    expect(idsOf(filterRows(rows, 'failed'))).toEqual([]);
    expect(idsOf(filterRows(rows, 'other'))).toEqual(['b']);
    // What was never asked is not what could not be graded.
    expect(idsOf(filterRows(rows, 'unasked'))).toEqual(['c']);
    expect(idsOf(filterRows(wrong, 'other'))).toEqual(['b']);
    expect(idsOf(filterRows(wrong, 'failed'))).toEqual(['a']);
    expect(filterRows(rows, 'all')).toBe(rows);
  });
});
