import { countBytes, countWords } from '../graders/loglikelihood';
import type { Case } from '../sets/test-set';
import { measureBits, measureWeighted, type Weighed } from '../statistics/perplexity';
import type { Result } from './run';

/** One number for all answers that a metric was taken of. */
export interface MetricSummary {
  readonly name: string;
  readonly value: number;
  /** Answers. */
  readonly count: number;
}

/**
 * Each metric that graders name, over all answers: its mean, but a perplexity is that of all texts together, as lm-eval
 * aggregates it (`perplexity`, `weighted_perplexity`, `bits_per_byte`). In the order of first appearance.
 */
export function summarizeMetrics(
  cases: readonly Case[],
  results: readonly Result[],
): readonly MetricSummary[] {
  const byId = new Map(cases.map((each) => [each.id, each] as const));
  const values = new Map<string, { readonly values: number[]; readonly texts: Map<string, Weighed[]> }>();
  for (const result of results) {
    if (result.kind !== 'graded') continue;
    for (const [name, value] of Object.entries(result.metrics ?? {})) {
      const known = values.get(name) ?? { values: [], texts: new Map<string, Weighed[]>() };
      values.set(name, known);
      known.values.push(value);
      const weighed = weigh(byId.get(result.caseId), name, result.choices?.loglikelihoods[0]);
      if (weighed !== undefined)
        known.texts.set(weighed.scoring, [...(known.texts.get(weighed.scoring) ?? []), weighed]);
    }
  }
  return [...values].map(([name, { values: each, texts }]) => {
    const [only, ...others] = texts;
    const isOfTexts = only !== undefined && others.length === 0 && only[1].length === each.length;
    const mean = each.reduce((sum, value) => sum + value, 0) / each.length;
    const ofTexts = (items: readonly Weighed[]) =>
      only?.[0] === 'bits_per_byte' ? measureBits(items) : measureWeighted(items);
    return { name, value: isOfTexts ? ofTexts(only[1]) : mean, count: each.length };
  });
}

/** What a perplexity of this name says of a case's text; undefined for any other metric. */
function weigh(
  testCase: Case | undefined,
  name: string,
  sum: number | undefined,
): (Weighed & { readonly scoring: string }) | undefined {
  const spec = testCase?.graders.find(({ type, metric }) => type === 'loglikelihood' && metric === name);
  const text = testCase?.requests?.[0]?.continuation;
  const scoring = spec?.['scoring'];
  if (typeof scoring !== 'string' || scoring === 'acc' || text === undefined || sum === undefined)
    return undefined;
  const weight =
    scoring === 'perplexity' ? 1 : scoring === 'word_perplexity' ? countWords(text) : countBytes(text);
  return { scoring, sum, weight };
}
