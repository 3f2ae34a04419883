import type { Hyperparameters } from './architecture';

/**
 * Radians per position of each rotated pair (RoFormer, arXiv 2104.09864). `divisors` are Llama 3's frequency factors.
 */
export function ropeFrequencies(
  { ropeDim, ropeBase, ropeLinear }: Hyperparameters,
  divisors?: Float32Array,
): Float64Array {
  return Float64Array.from(
    { length: ropeDim / 2 },
    (_, pair) => ropeBase ** ((-2 * pair) / ropeDim) / (divisors?.[pair] ?? 1) / ropeLinear,
  );
}
