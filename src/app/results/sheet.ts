import type { Fault } from '../../domain/fault';
import type { Reason } from '../../domain/graders/grader';
import { castVote } from '../../domain/graders/majority';
import { settle, settleRepeats } from '../../domain/run/repeats';
import type { Result } from '../../domain/run/run';
import type { SharedResult } from '../../domain/sharing/share-link';
import type { Case } from '../../domain/sets/test-set';

export type RowStatus = SharedResult['status'];

/** A reason from a link may carry a code that this version does not know. */
export type RowReason = Omit<Reason, 'code'> & { readonly code: string };

export interface RowAnswer {
  readonly status: RowStatus;
  readonly text: string;
  /** The text is only its beginning: the model ran out of tokens, or the link out of room. */
  readonly cutBy?: 'length' | 'link';
  readonly reasons: readonly RowReason[];
  readonly fault?: Fault;
  readonly tokens: number;
  readonly firstTokenMs: number;
  readonly tokensPerSecond?: number;
  /** Where choices were scored instead of answered: how probable the model finds each, 0 to 1 in all. */
  readonly choiceShares?: readonly number[];
  /** The text the model was given. */
  readonly modelPrompt?: string;
  /** Of pooled runs: how many of their answers to the question are right. This is one of them. */
  readonly pooled?: { readonly right: number; readonly answers: number };
}

/** One numbered question of the sheet, with its answer once there is one. */
export interface SheetRow {
  readonly id: string;
  readonly number: number;
  /** Absent when a link is about a set that this page does not have. */
  readonly testCase?: Case;
  readonly answer?: RowAnswer;
}

export type RowFilter = 'all' | 'passed' | 'failed' | 'other' | 'unasked';

/** `other` is what was asked and is neither right nor wrong: not graded, or without an answer. */
export function filterRows(rows: readonly SheetRow[], filter: RowFilter): readonly SheetRow[] {
  if (filter === 'all') return rows;
  return rows.filter((row) => findKind(row) === filter);
}

function findKind({ answer }: SheetRow): RowFilter {
  if (answer === undefined) return 'unasked';
  return answer.status === 'pass' ? 'passed' : answer.status === 'fail' ? 'failed' : 'other';
}

/** Rows made before, by what they show: a row that has not changed stays the same object and is not drawn again. */
const waitingRows = new WeakMap<Case, SheetRow>();
const answeredRows = new WeakMap<Result, SheetRow>();

/** The whole set in its order, answered or not; of several answers to a case one that says what most say. What is being answered is not in it: that changes with every token. */
export function buildSheet(cases: readonly Case[], results: readonly Result[]): readonly SheetRow[] {
  const resultOf = new Map(settleRepeats(results).map((result) => [result.caseId, result]));
  return cases.map((testCase, index) => {
    const result = resultOf.get(testCase.id);
    const known = result === undefined ? waitingRows.get(testCase) : answeredRows.get(result);
    if (known?.testCase === testCase && known.number === index + 1) return known;
    const row: SheetRow = {
      id: testCase.id,
      number: index + 1,
      testCase,
      ...(result !== undefined && { answer: describeResult(result) }),
    };
    if (result === undefined) waitingRows.set(testCase, row);
    else answeredRows.set(result, row);
    return row;
  });
}

/** @param cases of the same set on this device, when its hash agrees with the link's */
export function buildSharedSheet(
  results: readonly SharedResult[],
  cases: readonly Case[] | undefined,
): readonly SheetRow[] {
  const settled = settle(results, castVote);
  const answers = new Map(settled.map((result) => [result.caseId, describeShared(result)]));
  if (cases === undefined) {
    return settled.map(({ caseId }, index) => ({
      id: caseId,
      number: index + 1,
      ...answerOf(answers, caseId),
    }));
  }
  return cases.map((testCase, index) => ({
    id: testCase.id,
    number: index + 1,
    testCase,
    ...answerOf(answers, testCase.id),
  }));
}

function answerOf(answers: ReadonlyMap<string, RowAnswer>, caseId: string): { answer?: RowAnswer } {
  const answer = answers.get(caseId);
  return answer === undefined ? {} : { answer };
}

export function describeResult(result: Result): RowAnswer {
  const modelPrompt = result.prompt;
  if (result.kind === 'failed') {
    const { answer: text, fault } = result;
    return { status: 'broken', text, reasons: [], fault, tokens: 0, firstTokenMs: 0, modelPrompt };
  }
  const { timing } = result;
  return {
    status: result.status,
    text: result.answer,
    ...(result.finish === 'length' && { cutBy: 'length' as const }),
    reasons: result.outcomes.map(({ verdict }) => ('notRun' in verdict ? verdict.notRun : verdict.reason)),
    ...(result.choices !== undefined && { choiceShares: shareOut(result.choices.loglikelihoods) }),
    modelPrompt,
    tokens: timing.answerTokens,
    firstTokenMs: timing.firstTokenMs,
    ...rate(timing.answerTokens, timing.decodeMs),
  };
}

export function describeShared(shared: SharedResult): RowAnswer {
  return {
    status: shared.status,
    text: shared.answer,
    ...(shared.cut && { cutBy: 'link' as const }),
    reasons:
      shared.reason === null
        ? []
        : [
            {
              code: shared.reason.code,
              ...(shared.reason.expected !== undefined && { expected: shared.reason.expected }),
              ...(shared.reason.found !== undefined && { found: shared.reason.found }),
            },
          ],
    tokens: shared.answerTokens,
    firstTokenMs: shared.firstTokenMs,
    ...rate(shared.answerTokens, shared.decodeMs),
  };
}

/** Probabilities among these choices alone: the likelihoods as a softmax. */
function shareOut(loglikelihoods: readonly number[]): readonly number[] {
  const most = Math.max(...loglikelihoods);
  const weights = loglikelihoods.map((each) => Math.exp(each - most));
  const sum = weights.reduce((total, each) => total + each, 0);
  return weights.map((weight) => weight / sum);
}

/** The speed of an answer of fewer tokens than these is noise: it is said of the run alone. */
export const LEAST_TIMED_TOKENS = 24;

function rate(tokens: number, decodeMs: number): { tokensPerSecond?: number } {
  return decodeMs > 0 && tokens >= LEAST_TIMED_TOKENS ? { tokensPerSecond: (tokens * 1000) / decodeMs } : {};
}
