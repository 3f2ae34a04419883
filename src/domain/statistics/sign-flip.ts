import { testMcNemar } from './mcnemar';
import { createRandomInteger } from './resampling-random';

/** Additions that the exact distribution may cost; a second or so. */
const MAX_STEPS = 3e8;
const RANDOM_FLIPS = 20_000;

/**
 * Sign-flip test of paired differences, two-sided: if neither side is better, each independent item's difference could as
 * well have had the other sign (R. A. Fisher 1935; whole clusters at a time, as J. Romano and others do). Give one sum for
 * each cluster. Where all sums are of one size this is the exact McNemar test.
 *
 * Exact by the distribution of the sum over all 2^n choices of signs; drawn at random, with a fixed seed, where that would
 * take too long.
 * @param sums whole numbers
 * @returns p; 1 where nothing differs
 */
export function testSignFlip(sums: readonly number[]): number {
  const unit = sums.reduce((common, each) => findCommonDivisor(common, Math.abs(each)), 0);
  if (unit === 0) return 1;
  const parts = sums.filter((each) => each !== 0).map((each) => each / unit);
  const positive = parts.filter((each) => each > 0).length;
  if (parts.every((each) => Math.abs(each) === 1)) return testMcNemar(parts.length - positive, positive);
  const sizes = parts.map(Math.abs);
  const total = sizes.reduce((sum, each) => sum + each, 0);
  const observed = Math.abs(parts.reduce((sum, each) => sum + each, 0));
  return total * sizes.length <= MAX_STEPS
    ? sumTails(sizes, total, observed)
    : drawTails(sizes, total, observed);
}

/** The chance of each sum of those that keep their sign, then of the signed sums at least as large. */
function sumTails(sizes: readonly number[], total: number, observed: number): number {
  const chances = new Float64Array(total + 1);
  chances[0] = 1;
  let reached = 0;
  for (const size of sizes) {
    reached += size;
    for (let sum = reached; sum >= 0; sum--) {
      chances[sum] = ((chances[sum] ?? 0) + (sum >= size ? (chances[sum - size] ?? 0) : 0)) / 2;
    }
  }
  const tails = chances.reduce(
    (tail, chance, kept) => (Math.abs(2 * kept - total) >= observed ? tail + chance : tail),
    0,
  );
  return Math.min(1, tails);
}

/** The observed signs count as one of the draws, so that p is never nought. */
function drawTails(sizes: readonly number[], total: number, observed: number): number {
  const pick = createRandomInteger(1);
  let hits = 1;
  for (let draw = 0; draw < RANDOM_FLIPS; draw++) {
    const kept = sizes.reduce((sum, size) => (pick(2) === 0 ? sum : sum + size), 0);
    if (Math.abs(2 * kept - total) >= observed) hits++;
  }
  return hits / (RANDOM_FLIPS + 1);
}

function findCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : findCommonDivisor(b, a % b);
}
