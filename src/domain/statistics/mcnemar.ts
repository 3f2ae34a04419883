/**
 * Exact two-sided McNemar test of two graders' or models' verdicts on the same items.
 * p = min(1, 2·Σ_{i≤min(b,c)} C(b+c,i)/2^{b+c}), the binomial test of the discordant pairs (Q. McNemar 1947, exact form).
 * @param onlyFirst items that only the first passed (b)
 * @param onlySecond items that only the second passed (c)
 */
export function testMcNemar(onlyFirst: number, onlySecond: number): number {
  const discordant = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  // Logarithms: 2^-n is no number any more from n = 1075 on.
  let logTerm = -discordant * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= fewer; i++) {
    logTerm += Math.log((discordant - i + 1) / i);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
