import { groupByCluster, type Clustered } from './mean';
import { createRandomInteger } from './resampling-random';
import type { Interval } from './wilson';

export interface BootstrapOptions {
  readonly seed?: number;
  readonly resamples?: number;
  /** Share of the resampled means that the interval holds. */
  readonly level?: number;
}

/**
 * Percentile bootstrap of a mean (B. Efron 1979): whole clusters are drawn with replacement, so that variants and repeats
 * of one item stay together. For the difference of two paired scores, give the differences.
 * @returns undefined for fewer than two clusters: nothing varies then
 */
export function bootstrapMean(
  values: readonly Clustered[],
  { seed = 1, resamples = 2_000, level = 0.95 }: BootstrapOptions = {},
): Interval | undefined {
  const clusters = groupByCluster(values).map((group) => ({
    sum: group.reduce((sum, { value }) => sum + value, 0),
    count: group.length,
  }));
  if (clusters.length < 2) return undefined;
  const pick = createRandomInteger(seed);
  const means = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < clusters.length; draw++) {
      const cluster = clusters[pick(clusters.length)];
      sum += cluster?.sum ?? 0;
      count += cluster?.count ?? 0;
    }
    return sum / count;
  }).sort();
  return { low: findQuantile(means, (1 - level) / 2), high: findQuantile(means, (1 + level) / 2) };
}

/** Linear between the two nearest order statistics, as NumPy's default. */
function findQuantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}
