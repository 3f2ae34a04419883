/**
 * exp of the mean negative log-likelihood of the tokens, natural logarithms.
 * @returns undefined when there are none
 */
export function measurePerplexity(logprobs: readonly number[] | undefined): number | undefined {
  if (logprobs === undefined || logprobs.length === 0) return undefined;
  return Math.exp(-logprobs.reduce((sum, each) => sum + each, 0) / logprobs.length);
}

/** A log-likelihood in natural logarithms, and over how much of a text it is: 1 for the whole, or its words or bytes. */
export interface Weighed {
  readonly sum: number;
  readonly weight: number;
}

/** exp(−Σ sums / Σ weights): lm-eval's `perplexity` with weights of 1, and its `weighted_perplexity`. */
export function measureWeighted(items: readonly Weighed[]): number {
  return Math.exp(-meanOf(items));
}

/** −Σ sums / Σ weights / ln 2: lm-eval's `bits_per_byte`. */
export function measureBits(items: readonly Weighed[]): number {
  return -meanOf(items) / Math.LN2;
}

function meanOf(items: readonly Weighed[]): number {
  const add = (pick: (item: Weighed) => number) => items.reduce((sum, each) => sum + pick(each), 0);
  return add(({ sum }) => sum) / add(({ weight }) => weight);
}
