/**
 * Chance that at least one of k answers is right, by c right ones among n: 1 − C(n−c,k)/C(n,k), without bias
 * (M. Chen et al., "Evaluating large language models trained on code", 2021). The mean over items is the score.
 * @returns undefined for more than n answers
 */
export function computePassAtK(n: number, right: number, k: number): number | undefined {
  if (k < 1 || k > n) return undefined;
  return 1 - divideChoices(n - right, n, k);
}

/**
 * Chance that all of k answers are right (pass^k): C(c,k)/C(n,k). The mean over items is the score.
 * @returns undefined for more than n answers
 */
export function computePassAllK(n: number, right: number, k: number): number | undefined {
  if (k < 1 || k > n) return undefined;
  return divideChoices(right, n, k);
}

/** C(few,k)/C(all,k), factor by factor: the coefficients themselves overflow. */
function divideChoices(few: number, all: number, k: number): number {
  let ratio = 1;
  for (let i = 0; i < k; i++) ratio *= Math.max(0, few - i) / (all - i);
  return ratio;
}
