export interface Interval {
  /** Both in 0..1. */
  readonly low: number;
  readonly high: number;
}

/** Standard normal quantile of 0.975: two-sided 95 %. */
const Z_95 = 1.959963984540054;

/**
 * Wilson score interval for a proportion, 95 %.
 * Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
 * @returns undefined for no trials: nothing is known then
 */
export function computeWilsonInterval(successes: number, trials: number): Interval | undefined {
  if (trials <= 0) return undefined;
  const proportion = successes / trials;
  const z2 = Z_95 * Z_95;
  const centre = proportion + z2 / (2 * trials);
  const spread = Z_95 * Math.sqrt((proportion * (1 - proportion)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return {
    low: successes === 0 ? 0 : (centre - spread) / scale,
    high: successes === trials ? 1 : (centre + spread) / scale,
  };
}
