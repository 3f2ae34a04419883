import { computePower } from './power';

/** Standard normal quantiles: two-sided 5 %, and 80 % power. */
const Z_TWO_SIDED_95 = 1.959963984540054;
const Z_POWER_80 = 0.8416212335729143;
const POWER = 0.8;

/** Up to here the exact test's own power is computed; the normal distribution is close enough only beyond. */
const MOST_EXACT = 300;

/**
 * How many paired cases it takes to tell a difference apart from chance, two-sided 5 % with 80 % power. Up to 300 by the
 * power of the exact test, beyond by the normal approximation.
 * @param difference of the two accuracies (δ), 0 to 1 in size
 * @param disagreement share of discordant cases (ψ)
 * @returns undefined where no number of cases would do: no difference, or one larger than the disagreement
 */
export function countCasesNeeded(difference: number, disagreement: number): number | undefined {
  const size = Math.abs(difference);
  if (size === 0 || disagreement > 1 || size > disagreement) return undefined;
  const approximate = approximateCases(size, disagreement);
  if (approximate > 2 * MOST_EXACT || computePower(MOST_EXACT, size, disagreement) < POWER) {
    return Math.max(MOST_EXACT + 1, approximate);
  }
  let few = 1;
  let enough = MOST_EXACT;
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (computePower(middle, size, disagreement) < POWER) few = middle;
    else enough = middle;
  }
  return enough;
}

/**
 * n = (z_{α/2}·√ψ + z_β·√(ψ−δ²))²/δ² (R. J. Connor, "Sample size for testing differences in proportions for the
 * paired-sample design", Biometrics 43, 1987).
 */
export function approximateCases(difference: number, disagreement: number): number {
  const size = Math.abs(difference);
  const root = Math.sqrt(disagreement - size * size);
  return Math.ceil(((Z_TWO_SIDED_95 * Math.sqrt(disagreement) + Z_POWER_80 * root) / size) ** 2);
}

/**
 * The smallest difference that so many paired cases tell apart from chance, two-sided 5 % with 80 % power. Up to 300 cases
 * by the power of the exact test. Beyond, Connor's formula solved for the difference:
 * δ = √ψ·(z_{α/2}·√n + z_β·√(n + z_β² − z_{α/2}²))/(n + z_β²).
 * @param disagreement share of discordant cases (ψ); before a second run is known, 2p(1−p) of two independent models
 * @returns undefined where even a one-sided disagreement would not show
 */
export function findDetectableDifference(cases: number, disagreement: number): number | undefined {
  if (disagreement <= 0) return undefined;
  if (cases <= MOST_EXACT) return searchDifference(Math.floor(cases), disagreement);
  const inner = cases + Z_POWER_80 ** 2 - Z_TWO_SIDED_95 ** 2;
  const scale =
    (Z_TWO_SIDED_95 * Math.sqrt(cases) + Z_POWER_80 * Math.sqrt(inner)) / (cases + Z_POWER_80 ** 2);
  const difference = Math.sqrt(disagreement) * scale;
  return difference > 0 && difference <= disagreement ? difference : undefined;
}

function searchDifference(cases: number, disagreement: number): number | undefined {
  if (computePower(cases, disagreement, disagreement) < POWER) return undefined;
  let small = 0;
  let large = disagreement;
  // To a thousandth: nobody reads more.
  while (large - small > 0.001) {
    const middle = (small + large) / 2;
    if (computePower(cases, middle, disagreement) < POWER) small = middle;
    else large = middle;
  }
  return large;
}
