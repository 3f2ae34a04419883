import { estimateDesignEffect, groupByCluster, type Clustered } from './mean';
import { computeWilsonInterval, type Interval } from './wilson';

export interface Proportion {
  /** Mean of the values; each from 0 to 1. */
  readonly share: number;
  readonly count: number;
  /** So many independent values say as much; at most `count`. */
  readonly effective: number;
  /** 95 %; absent for no values. */
  readonly interval?: Interval;
}

/**
 * So many independent values say as much as these: n by Kish's design effect, between all of them and what is left when the
 * values of a cluster are all the same, (Σn_g)²/Σn_g². Where nothing varies the design effect cannot be known, and the
 * lower end is taken.
 */
export function countEffective(values: readonly Clustered[]): number {
  const sizes = groupByCluster(values).map((group) => group.length);
  if (sizes.length === values.length) return values.length;
  const least = values.length ** 2 / sizes.reduce((sum, size) => sum + size * size, 0);
  const [first] = values;
  if (values.every(({ value }) => value === first?.value)) return least;
  return Math.min(values.length, Math.max(least, values.length / estimateDesignEffect(values)));
}

/** A share with Wilson's interval at the effective number of values, as surveys do (E. Korn and B. Graubard 1998). */
export function estimateProportion(values: readonly Clustered[]): Proportion {
  const count = values.length;
  const share = count === 0 ? 0 : values.reduce((sum, { value }) => sum + value, 0) / count;
  const effective = countEffective(values);
  const interval = computeWilsonInterval(share * effective, effective);
  return { share, count, effective, ...(interval !== undefined && { interval }) };
}
