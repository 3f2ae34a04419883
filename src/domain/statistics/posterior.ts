import { groupByCluster, type Clustered } from './mean';
import { createRandomInteger } from './resampling-random';
import type { Interval } from './wilson';

/** What to believe of the difference of two, having seen these pairs and nothing else. */
export interface Posterior {
  /** Chance that the second is better. */
  readonly secondBetter: number;
  /** 95 % credible interval of the difference, second less first. */
  readonly interval: Interval;
}

interface PosteriorOptions {
  readonly seed?: number;
  readonly draws?: number;
}

/**
 * Paired Bayesian difference. Without clusters, and with differences of -1, 0 and 1, this is a Dirichlet on the two-by-two
 * table of both right, both wrong and each alone, with a uniform prior. With clusters it is D. Rubin's Bayesian bootstrap
 * (1981) over them, with the same prior: one item for each of the four outcomes, of a mean cluster's size.
 * It never claims to be sure, and its interval never shrinks to nothing.
 * @param differences second less first, each -1 to 1
 */
export function findPosterior(
  differences: readonly Clustered[],
  { seed = 1, draws = 4_000 }: PosteriorOptions = {},
): Posterior {
  const kinds = countKinds(differences);
  const random = createGamma(seed);
  const means = Float64Array.from({ length: draws }, () => {
    let sum = 0;
    let weight = 0;
    for (const kind of kinds) {
      const drawn = random(kind.count);
      sum += drawn * kind.sum;
      weight += drawn * kind.size;
    }
    return sum / weight;
  }).sort();
  const at = (share: number) => means[Math.round(share * (draws - 1))] ?? 0;
  const above = means.reduce((count, mean) => (mean > 0 ? count + 1 : count), 0);
  return {
    secondBetter: countExactly(differences) ?? above / draws,
    interval: { low: at(0.025), high: at(0.975) },
  };
}

/** Clusters of one sum and size draw their weights together: a sum of exponentials is a gamma. */
function countKinds(differences: readonly Clustered[]) {
  const clusters = groupByCluster(differences).map((group) => ({
    sum: group.reduce((sum, { value }) => sum + value, 0),
    size: group.length,
  }));
  const mean = differences.length === 0 ? 1 : differences.length / clusters.length;
  const prior = [mean, -mean, 0, 0].map((sum) => ({ sum, size: mean }));
  const kinds = new Map<string, { readonly sum: number; readonly size: number; count: number }>();
  for (const { sum, size } of [...prior, ...clusters]) {
    const key = `${sum}/${size}`;
    const known = kinds.get(key);
    if (known === undefined) kinds.set(key, { sum, size, count: 1 });
    else known.count++;
  }
  return [...kinds.values()];
}

/**
 * For unclustered wins c and losses b, 1 − I_½(c + 1, b + 1), which for whole numbers is a binomial tail: the chance of at
 * most c heads in b + c + 1 throws.
 */
function countExactly(differences: readonly Clustered[]): number | undefined {
  if (differences.some(({ value, cluster }) => cluster !== undefined || ![-1, 0, 1].includes(value)))
    return undefined;
  const wins = differences.filter(({ value }) => value > 0).length;
  const throws = differences.filter(({ value }) => value < 0).length + wins + 1;
  let logTerm = -throws * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let heads = 1; heads <= wins; heads++) {
    logTerm += Math.log((throws - heads + 1) / heads);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/** Gamma variates of a shape of at least 1 and scale 1 (G. Marsaglia and W. W. Tsang 2000). */
function createGamma(seed: number): (shape: number) => number {
  const pick = createRandomInteger(seed);
  const uniform = () => (pick(0x1_0000_0000) + 0.5) / 0x1_0000_0000;
  // Box and Muller.
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return (shape) => {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(uniform()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
  };
}
