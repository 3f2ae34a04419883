import { findDeciding } from '../graders/deciding-reason';
import { castVote } from '../graders/majority';
import { isAbstention } from '../text/abstention';
import { settle } from './repeats';
import type { GradedResult, Result } from './run';

/** Cases, not answers: one that was answered several times counts once. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  /** Of those that failed: the model said that it does not know. */
  readonly abstained: number;
  /** A grader could not run: neither passed nor failed. */
  readonly notRun: number;
  /** The model gave no answer. */
  readonly broken: number;
  /** Cases the interval is about: passed + failed. */
  readonly graded: number;
  readonly answerTokens: number;
  /** Tokens per second while answering, over all cases; absent before the first. */
  readonly tokensPerSecond?: number;
  readonly meanFirstTokenMs?: number;
}

/** What is counted of an answer, whether a run holds it or a link. */
export interface CountedAnswer {
  readonly caseId: string;
  /** Which of several answers to the case, from 0; absent for the first. */
  readonly repeat?: number;
  /** `broken`: the model gave no answer. */
  readonly status: GradedResult['status'] | 'broken';
  /** A link may hold only its beginning. */
  readonly answer: string;
  /** Why it has its status. */
  readonly reason: { readonly code: string; readonly found?: string | undefined } | null;
  readonly answerTokens: number;
  readonly firstTokenMs: number;
  readonly decodeMs: number;
}

/** Adds up a run's results. */
export function sumResults(results: readonly Result[]): Totals {
  return sumAnswers(results.map(countAnswer));
}

/** Adds up answers; the rate is all tokens over all time, not a mean of rates. */
export function sumAnswers(answers: readonly CountedAnswer[]): Totals {
  const settled = settle(answers, castVote);
  const count = (status: CountedAnswer['status']) => settled.filter((each) => each.status === status).length;
  const answered = answers.filter(({ status }) => status !== 'broken');
  const sum = (pick: (answer: CountedAnswer) => number) =>
    answered.reduce((total, each) => total + pick(each), 0);
  const passed = count('pass');
  const failed = count('fail');
  const answerTokens = sum((each) => each.answerTokens);
  const decodeMs = sum((each) => each.decodeMs);
  return {
    passed,
    failed,
    abstained: settled.filter((each) => each.status === 'fail' && abstains(each)).length,
    notRun: count('not-run'),
    broken: count('broken'),
    graded: passed + failed,
    answerTokens,
    ...(decodeMs > 0 && { tokensPerSecond: (answerTokens * 1000) / decodeMs }),
    ...(answered.length > 0 && { meanFirstTokenMs: sum((each) => each.firstTokenMs) / answered.length }),
  };
}

export interface ExtractionFailures {
  /** Answers that fail because nothing, or nothing definite, could be read out of them. */
  readonly failures: number;
  /** Answers that were graded. */
  readonly graded: number;
  /** `failures` of `graded`; absent before the first. */
  readonly rate?: number;
}

/**
 * How many answers fail because they cannot be read, not because they are wrong: shown beside accuracy, as a high share
 * means that the format was tested and not the logic. Every answer counts, repeats too. The reason that decides is what
 * counts: it is the one that a link keeps.
 */
export function countUnread(answers: readonly CountedAnswer[]): ExtractionFailures {
  const graded = answers.filter(({ status }) => status === 'pass' || status === 'fail');
  const failures = graded.filter(
    ({ status, reason }) => status === 'fail' && ['no-answer', 'ambiguous'].includes(reason?.code ?? ''),
  ).length;
  return {
    failures,
    graded: graded.length,
    ...(graded.length > 0 && { rate: failures / graded.length }),
  };
}

/** Kept: totals are added up anew with every result of a run. */
const counted = new WeakMap<Result, CountedAnswer>();

/** What is counted of a result. */
export function countAnswer(result: Result): CountedAnswer {
  const known = counted.get(result) ?? describe(result);
  counted.set(result, known);
  return known;
}

function describe(result: Result): CountedAnswer {
  const { caseId, repeat, answer } = result;
  const common = { caseId, ...(repeat !== undefined && { repeat }), answer };
  if (result.kind === 'failed') {
    return { ...common, status: 'broken', reason: null, answerTokens: 0, firstTokenMs: 0, decodeMs: 0 };
  }
  const { status, outcomes } = result;
  const { answerTokens, firstTokenMs, decodeMs } = result.timing;
  return {
    ...common,
    status,
    reason: findDeciding(status, outcomes),
    answerTokens,
    firstTokenMs,
    decodeMs,
  };
}

/** Read once, as above. */
const abstentions = new WeakMap<CountedAnswer, boolean>();

function abstains(answer: CountedAnswer): boolean {
  const known = abstentions.get(answer) ?? isAbstention(answer.answer);
  abstentions.set(answer, known);
  return known;
}
