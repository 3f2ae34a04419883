import { isAbstention } from '../../domain/text/abstention';
import { castVote } from '../../domain/graders/majority';
import { settle } from '../../domain/run/repeats';
import { sumResults, type Result, type Totals } from '../../domain/run/run';
import type { SharedResult } from '../../domain/sharing/share-link';
import { countExtractionFailures, type ExtractionFailures } from '../../domain/statistics/compare-runs';
import { computeWilsonInterval, type Interval } from '../../domain/statistics/wilson';

export interface Score extends Totals {
  /** Answers that fail because nothing could be read out of them. */
  readonly unread: ExtractionFailures;
  /** 95 %; absent before anything was graded. */
  readonly interval?: Interval;
}

export function scoreResults(results: readonly Result[]): Score {
  return withInterval({ ...sumResults(results), unread: countExtractionFailures(results) });
}

/** The same, of what a link holds. */
export function scoreShared(results: readonly SharedResult[]): Score {
  const settled = settle(results, castVote);
  const count = (status: SharedResult['status']) =>
    settled.filter((result) => result.status === status).length;
  const answered = results.filter((result) => result.status !== 'broken');
  const sum = (pick: (result: SharedResult) => number) =>
    answered.reduce((total, result) => total + pick(result), 0);
  const answerTokens = sum((result) => result.answerTokens);
  const decodeMs = sum((result) => result.decodeMs);
  return withInterval({
    passed: count('pass'),
    failed: count('fail'),
    abstained: settled.filter(({ status, answer }) => status === 'fail' && isAbstention(answer)).length,
    notRun: count('not-run'),
    broken: count('broken'),
    graded: count('pass') + count('fail'),
    unread: countUnread(results),
    answerTokens,
    ...(decodeMs > 0 && { tokensPerSecond: (answerTokens * 1000) / decodeMs }),
    ...(answered.length > 0 && { meanFirstTokenMs: sum((result) => result.firstTokenMs) / answered.length }),
  });
}

/** As `countExtractionFailures`, by the one reason that a link keeps. */
function countUnread(results: readonly SharedResult[]): ExtractionFailures {
  const graded = results.filter(({ status }) => status === 'pass' || status === 'fail');
  const failures = graded.filter(
    ({ status, reason }) => status === 'fail' && ['no-answer', 'ambiguous'].includes(reason?.code ?? ''),
  ).length;
  return {
    failures,
    graded: graded.length,
    ...(graded.length > 0 && { rate: failures / graded.length }),
  };
}

export function withInterval<Counts extends { readonly passed: number; readonly graded: number }>(
  counts: Counts,
): Counts & { readonly interval?: Interval } {
  const interval = computeWilsonInterval(counts.passed, counts.graded);
  return interval === undefined ? counts : { ...counts, interval };
}
