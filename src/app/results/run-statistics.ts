import { measureConsistency, type Consistency } from '../../domain/perturbations/consistency';
import { summarizeMetrics, type MetricSummary } from '../../domain/run/metrics';
import type { RunRecord } from '../../domain/run/ports';
import type { ExtractionFailures } from '../../domain/run/totals';
import { settleRepeats, summarizeRepeats, type RepeatSummary } from '../../domain/run/repeats';
import {
  countExtractionFailures,
  estimateDetectableDifference,
  scoreCases,
} from '../../domain/statistics/compare-runs';
import { estimateProportion } from '../../domain/statistics/effective-size';
import type { Interval } from '../../domain/statistics/wilson';

export interface TagScore {
  readonly tag: string;
  readonly passed: number;
  readonly graded: number;
  readonly interval: Interval;
}

/** What one run says beyond its score. */
export interface RunStatistics {
  readonly extraction: ExtractionFailures;
  /** In the order in which the set has them. */
  readonly tags: readonly TagScore[];
  /** Present where the set varies its items. */
  readonly consistency?: Consistency;
  /** Present where cases were answered several times; `k` is how often. */
  readonly repeats?: RepeatSummary;
  /** The smallest difference from another model that so many cases would show; absent where they would show none. */
  readonly detectableDifference?: number;
  readonly graded: number;
  /** What graders measure beside the score, under their names. */
  readonly metrics: readonly MetricSummary[];
}

export function describeRun({ run, results, testSet }: RunRecord): RunStatistics {
  const scores = scoreCases(results, testSet.cases);
  const graded = scores.length;
  const detectable = estimateDetectableDifference(scores);
  const consistency = measureConsistency(settleRepeats(results), testSet.cases);
  const { repeats: k = 1 } = run.setup;
  const repeats = k > 1 ? summarizeRepeats(results, k) : undefined;
  return {
    extraction: countExtractionFailures(results),
    tags: [...new Set(scores.flatMap(({ tags = [] }) => tags))].flatMap((tag): TagScore[] => {
      const tagged = scores.filter(({ tags = [] }) => tags.includes(tag));
      const right = tagged.filter(({ pass }) => pass).length;
      const { interval } = estimateProportion(
        tagged.map(({ pass, cluster }) => ({ value: Number(pass), cluster })),
      );
      return interval === undefined ? [] : [{ tag, passed: right, graded: tagged.length, interval }];
    }),
    ...(consistency.groups + consistency.incomplete > 0 && { consistency }),
    ...(repeats !== undefined && { repeats }),
    ...(detectable !== undefined && { detectableDifference: detectable }),
    graded,
    metrics: summarizeMetrics(testSet.cases, settleRepeats(results)),
  };
}
