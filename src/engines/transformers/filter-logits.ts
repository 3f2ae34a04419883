interface LogitFilter {
  /** 0 leaves the logits as they are, for a greedy choice. */
  readonly temperature: number;
  /** 0 keeps every token. */
  readonly topK: number;
  /** 1 keeps every token. */
  readonly topP: number;
}

/**
 * Prepares logits, in place, for a draw by softmax: top-k, then top-p of what is left, then temperature, which is
 * llama.cpp's order. transformers.js has no top-p of its own. What is not kept becomes -Infinity.
 * @returns the logarithm of the sum of all `exp(logit)` as they were: a logit less this is its log-probability
 */
export function filterLogits(logits: Float32Array, { temperature, topK, topP }: LogitFilter): number {
  let most = -Infinity;
  for (const logit of logits) if (logit > most) most = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  const logSum = most + Math.log(sum);
  if (temperature === 0) return logSum;

  const least = findLeastKept(logits, most, topK, topP);
  for (const [id, logit] of logits.entries()) logits[id] = logit < least ? -Infinity : logit / temperature;
  return logSum;
}

/** The smallest logit that is kept; its equals are kept too. */
function findLeastKept(logits: Float32Array, most: number, topK: number, topP: number): number {
  if (topP >= 1 && (topK <= 0 || topK >= logits.length)) return -Infinity;
  const kept = logits
    .toSorted()
    .reverse()
    .subarray(0, topK > 0 ? topK : logits.length);
  const total = kept.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
  let reached = 0;
  const last = kept.findIndex((logit) => (reached += Math.exp(logit - most)) >= topP * total);
  // Rounding can leave the last crumb of the sum out.
  return kept.at(last) ?? -Infinity;
}
