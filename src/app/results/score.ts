import type { Result } from '../../domain/run/run';
import {
  countAnswer,
  countUnread,
  sumAnswers,
  type CountedAnswer,
  type ExtractionFailures,
  type Totals,
} from '../../domain/run/totals';
import type { Case } from '../../domain/sets/test-set';
import { scoreCases } from '../../domain/statistics/compare-runs';
import { estimateProportion } from '../../domain/statistics/effective-size';
import { computeWilsonInterval, type Interval } from '../../domain/statistics/wilson';

/** Fewer answers than this are shown one by one: an interval over half the scale is no picture of anything. */
export const FEWEST_FOR_INTERVAL = 8;

export interface Score extends Totals {
  /** Answers that fail because nothing could be read out of them. */
  readonly unread: ExtractionFailures;
  /** 95 %; absent before anything was graded. */
  readonly interval?: Interval;
}

/** @param cases of the set; where they vary the same items, the interval is as wide as that makes it */
export function scoreResults(results: readonly Result[], cases: readonly Case[] = []): Score {
  const score = scoreShared(results.map(countAnswer));
  if (score.interval === undefined || !cases.some(({ group }) => group !== undefined)) return score;
  const values = scoreCases(results, cases).map(({ pass, cluster }) => ({ value: Number(pass), cluster }));
  const { interval } = estimateProportion(values);
  return interval === undefined ? score : { ...score, interval };
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
