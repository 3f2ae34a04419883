/**
 * Adjusted p-values that keep the chance of any false claim among them below the level (S. Holm 1979, step-down).
 * For claims. In the order of `pValues`.
 */
export function adjustHolm(pValues: readonly number[]): readonly number[] {
  let worst = 0;
  return adjustInOrder(pValues, rankAscending(pValues), (p, rank) => {
    worst = Math.max(worst, Math.min(1, p * (pValues.length - rank)));
    return worst;
  });
}

/**
 * Adjusted p-values that keep the share of false ones among those called significant below the level
 * (Y. Benjamini and Y. Hochberg 1995, step-up). For exploring. In the order of `pValues`.
 */
export function adjustBenjaminiHochberg(pValues: readonly number[]): readonly number[] {
  let best = 1;
  return adjustInOrder(pValues, [...rankAscending(pValues)].reverse(), (p, fromLargest) => {
    best = Math.min(best, p * (pValues.length / (pValues.length - fromLargest)));
    return best;
  });
}

function rankAscending(pValues: readonly number[]): readonly number[] {
  return [...pValues.keys()].sort((a, b) => (pValues[a] ?? 0) - (pValues[b] ?? 0));
}

function adjustInOrder(
  pValues: readonly number[],
  order: readonly number[],
  adjust: (p: number, position: number) => number,
): readonly number[] {
  const adjusted = new Array<number>(pValues.length).fill(1);
  order.forEach((index, position) => {
    adjusted[index] = adjust(pValues[index] ?? 1, position);
  });
  return adjusted;
}
