import { testMcNemar } from './mcnemar';

/**
 * The chance that the exact McNemar test finds a difference (two-sided, p < 0.05), summed over how many of the pairs differ
 * and which side wins them. No approximation, so it holds for ten pairs as well; time grows with the square of `pairs`.
 * @param difference of the two accuracies, 0 to 1 in size
 * @param disagreement share of discordant pairs, at least `difference`
 */
export function computePower(pairs: number, difference: number, disagreement: number): number {
  const winning = Math.min(1, (disagreement + Math.abs(difference)) / (2 * disagreement));
  let power = 0;
  for (let discordant = 0; discordant <= pairs; discordant++) {
    const limit = findLimit(discordant);
    if (limit < 0) continue;
    const chance = computeTerm(pairs, discordant, disagreement);
    if (chance < 1e-12) continue;
    let shown = 0;
    for (let few = 0; few <= limit; few++) {
      shown += computeTerm(discordant, few, winning) + computeTerm(discordant, few, 1 - winning);
    }
    power += chance * shown;
  }
  return power;
}

const limits: number[] = [];

/** The most wins of the losing side with which so many discordant pairs still show a difference; -1 where none does. */
function findLimit(discordant: number): number {
  for (let n = limits.length; n <= discordant; n++) {
    let limit = limits[n - 1] ?? -1;
    while (2 * (limit + 1) < n && testMcNemar(limit + 1, n - limit - 1) < 0.05) limit++;
    limits.push(limit);
  }
  return limits[discordant] ?? -1;
}

const logFactorials: number[] = [0];

function findLogFactorial(n: number): number {
  for (let k = logFactorials.length; k <= n; k++)
    logFactorials.push((logFactorials[k - 1] ?? 0) + Math.log(k));
  return logFactorials[n] ?? 0;
}

/** Binomial probability. */
function computeTerm(n: number, k: number, chance: number): number {
  if (chance <= 0) return k === 0 ? 1 : 0;
  if (chance >= 1) return k === n ? 1 : 0;
  const choices = findLogFactorial(n) - findLogFactorial(k) - findLogFactorial(n - k);
  return Math.exp(choices + k * Math.log(chance) + (n - k) * Math.log1p(-chance));
}
