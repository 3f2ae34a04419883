/** The mean of `count` values; without a standard error where it cannot be known. */
interface MeanEstimate {
  readonly mean: number;
  readonly count: number;
  /** Independent clusters behind the standard error. */
  readonly clusters: number;
  /** Absent for fewer than two clusters. */
  readonly standardError?: number;
}

/** A value with the item it varies: values of one cluster are not independent. Without a cluster it is one by itself. */
export interface Clustered {
  readonly value: number;
  readonly cluster?: string | undefined;
}

/**
 * Mean with its cluster-robust standard error, √(G/(G−1)·Σ_g(Σ_{i∈g}(x_i−x̄))²)/n (K.-Y. Liang and S. Zeger 1986, with the
 * usual small-sample factor). Where every value is its own cluster this is s/√n with n−1, lm-eval's `mean_stderr`.
 * @returns undefined for no values
 */
export function estimateMean(values: readonly Clustered[]): MeanEstimate | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, { value }) => sum + value, 0) / count;
  const sums = groupByCluster(values).map((group) => group.reduce((sum, { value }) => sum + value - mean, 0));
  const clusters = sums.length;
  if (clusters < 2) return { mean, count, clusters };
  const squares = sums.reduce((total, sum) => total + sum * sum, 0);
  const standardError = Math.sqrt((clusters / (clusters - 1)) * squares) / count;
  return { mean, count, clusters, standardError };
}

/**
 * How many times larger clustering makes the variance of the mean: 1 for independent values. A set of n values says as
 * much as n divided by this (L. Kish's design effect, from the two standard errors).
 */
export function estimateDesignEffect(values: readonly Clustered[]): number {
  const clustered = estimateMean(values)?.standardError;
  const plain = estimateMean(values.map(({ value }) => ({ value })))?.standardError;
  if (clustered === undefined || plain === undefined || plain === 0) return 1;
  return (clustered / plain) ** 2;
}

/** Clusters in order of their first value. */
export function groupByCluster<Value extends Clustered>(values: readonly Value[]): readonly Value[][] {
  const named = new Map<string, Value[]>();
  const groups: Value[][] = [];
  for (const value of values) {
    const known = value.cluster === undefined ? undefined : named.get(value.cluster);
    if (known !== undefined) {
      known.push(value);
      continue;
    }
    const group = [value];
    groups.push(group);
    if (value.cluster !== undefined) named.set(value.cluster, group);
  }
  return groups;
}
