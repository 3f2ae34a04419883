import type { Result } from '../../domain/run/run';
import {
  countAnswer,
  countUnread,
  sumAnswers,
  type CountedAnswer,
  type ExtractionFailures,
  type Totals,
} from '../../domain/run/totals';
import { computeWilsonInterval, type Interval } from '../../domain/statistics/wilson';

export interface Score extends Totals {
  /** Answers that fail because nothing could be read out of them. */
  readonly unread: ExtractionFailures;
  /** 95 %; absent before anything was graded. */
  readonly interval?: Interval;
}

export function scoreResults(results: readonly Result[]): Score {
  return scoreShared(results.map(countAnswer));
}

/** The same, of what a link holds. */
export function scoreShared(results: readonly CountedAnswer[]): Score {
  return withInterval({ ...sumAnswers(results), unread: countUnread(results) });
}

export function withInterval<Counts extends { readonly passed: number; readonly graded: number }>(
  counts: Counts,
): Counts & { readonly interval?: Interval } {
  const interval = computeWilsonInterval(counts.passed, counts.graded);
  return interval === undefined ? counts : { ...counts, interval };
}
