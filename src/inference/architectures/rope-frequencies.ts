import type { Hyperparameters } from './architecture';

/** Rotations within the original context above which YaRN leaves a pair alone, and below which it stretches it whole. */
const YARN_FAST = 32;
const YARN_SLOW = 1;

/**
 * Radians per position of each rotated pair (RoFormer, arXiv 2104.09864), stretched as the model says: all pairs, or
 * slow ones only (YaRN, arXiv 2309.00071, eq. 17). `divisors` are Llama 3's and LongRoPE's factors.
 */
export function ropeFrequencies(h: Hyperparameters, divisors?: Float32Array): Float64Array {
  const { ropeDim, ropeBase, ropeLinear, yarn } = h;
  const stretched = yarn ? yarnShare(h) : () => 1;
  return Float64Array.from({ length: ropeDim / 2 }, (_, pair) => {
    const frequency = ropeBase ** ((-2 * pair) / ropeDim) / (divisors?.[pair] ?? 1);
    const share = stretched(pair);
    return (frequency / ropeLinear) * share + frequency * (1 - share);
  });
}

/** The same for local layers: never stretched. */
export function localRopeFrequencies({ ropeDim, ropeLocalBase }: Hyperparameters): Float64Array {
  return Float64Array.from({ length: ropeDim / 2 }, (_, pair) => ropeLocalBase ** ((-2 * pair) / ropeDim));
}

/** How much of a pair's frequency is stretched, from 0 to 1. */
function yarnShare({ ropeDim, ropeBase, originalContext }: Hyperparameters): (pair: number) => number {
  // The pair that turns so many times within the original context.
  const pairOf = (rotations: number) =>
    (ropeDim * Math.log(originalContext / (rotations * 2 * Math.PI))) / (2 * Math.log(ropeBase));
  const low = Math.max(0, Math.floor(pairOf(YARN_FAST)));
  const high = Math.min(ropeDim - 1, Math.ceil(pairOf(YARN_SLOW)));
  return (pair) => Math.min(1, Math.max(0, (pair - low) / Math.max(0.001, high - low)));
}
