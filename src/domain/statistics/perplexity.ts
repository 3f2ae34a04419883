/**
 * exp of the mean negative log-likelihood of the tokens, natural logarithms.
 * @returns undefined when there are none
 */
export function measurePerplexity(logprobs: readonly number[] | undefined): number | undefined {
  if (logprobs === undefined || logprobs.length === 0) return undefined;
  return Math.exp(-logprobs.reduce((sum, each) => sum + each, 0) / logprobs.length);
}
