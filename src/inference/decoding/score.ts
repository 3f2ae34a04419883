import { elementAt } from '../element-at';
import { checkIds, prefill, promptIds } from './generate';
import type { ModelContext } from './generate';
import { SimdError } from '../gguf/types';

/** A text, or ids where the caller tokenizes. */
export type Continuation = string | readonly number[];

export interface ContinuationScore {
  readonly tokens: readonly number[];
  /** Natural log-probability of each token given all before it. */
  readonly logprobs: readonly number[];
  readonly sum: number;
  /** Whether each token was the likeliest one. */
  readonly greedy: readonly boolean[];
}

/**
 * White space that ends a prompt belongs to the continuations before tokenizing, since most tokenizers join it to the word
 * that follows: `_encode_pair` of the lm-evaluation-harness. Ids are left as they are.
 */
export function moveTrailingSpace<Prompt extends string | readonly number[], Each extends Continuation>(
  prompt: Prompt,
  continuations: readonly Each[],
): { readonly prompt: Prompt | string; readonly continuations: readonly (Each | string)[] } {
  const texts = continuations.filter((each) => typeof each === 'string');
  if (typeof prompt !== 'string' || texts.length < continuations.length) return { prompt, continuations };
  const context = prompt.trimEnd();
  const space = prompt.slice(context.length);
  return { prompt: context, continuations: texts.map((each) => space + each) };
}

/**
 * Ids of a continuation. A text is tokenized together with the prompt and cut where the prompt's own tokens end,
 * which is how the lm-evaluation-harness does it; where the prompt's tokens change by what follows, the
 * continuation is tokenized by itself.
 */
export function continuationIds(
  { tokenizer }: Pick<ModelContext, 'tokenizer'>,
  prompt: string | readonly number[],
  ids: readonly number[],
  continuation: Continuation,
): readonly number[] {
  if (typeof continuation !== 'string') return continuation;
  if (typeof prompt === 'string') {
    const whole = tokenizer.encode(prompt + continuation, { addSpecial: true, parseSpecial: true });
    if (whole.length > ids.length && ids.every((id, index) => whole[index] === id))
      return whole.slice(ids.length);
  }
  return tokenizer.encode(continuation);
}

export async function score(
  context: ModelContext,
  given: string | readonly number[],
  following: readonly Continuation[],
  signal: AbortSignal | undefined,
): Promise<ContinuationScore[]> {
  const { runtime, vocabulary } = context;
  const { prompt, continuations } = moveTrailingSpace(given, following);
  const ids = promptIds(context, prompt);
  const all = continuations.map((continuation) => continuationIds(context, prompt, ids, continuation));
  for (const tokens of all) {
    checkIds(tokens, vocabulary);
    if (ids.length + tokens.length > runtime.layout.options.context + 1) {
      throw new SimdError('bad-input', `${ids.length} + ${tokens.length} tokens do not fit the context`);
    }
  }
  await prefill(context, ids, true, signal);
  // Every continuation's first token is predicted by the prompt's last.
  const firstLogits = runtime.logits(0).slice();
  const firstStats = runtime.stats(0);
  const results: ContinuationScore[] = [];
  for (const tokens of all) {
    const logprobs: number[] = [];
    const greedy: boolean[] = [];
    const [first] = tokens;
    if (first !== undefined) {
      logprobs.push(elementAt(firstLogits, first) - firstStats.logSumExp);
      greedy.push(firstStats.argmax === first);
    }
    const inputs = tokens.slice(0, -1);
    await runtime.extend(inputs, ids.length, signal, (from, count) => {
      for (let row = 0; row < count; row += runtime.maxLogits) {
        const rows = Math.min(runtime.maxLogits, count - row);
        runtime.project(row, rows, true);
        for (let i = 0; i < rows; i++) {
          const next = elementAt(tokens, from + row + i + 1);
          const stats = runtime.stats(i);
          logprobs.push(elementAt(runtime.logits(i), next) - stats.logSumExp);
          greedy.push(stats.argmax === next);
        }
      }
    });
    results.push({ tokens, logprobs, sum: logprobs.reduce((a, b) => a + b, 0), greedy });
  }
  return results;
}

/** Logits after every one of `ids`, computed afresh. */
export async function allLogits(
  context: ModelContext,
  ids: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { runtime, vocabulary } = context;
  promptIds(context, ids);
  const out = new Float32Array(ids.length * vocabulary);
  await runtime.extend(ids, 0, signal, (from, count) => {
    for (let row = 0; row < count; row += runtime.maxLogits) {
      const rows = Math.min(runtime.maxLogits, count - row);
      runtime.project(row, rows, false);
      for (let i = 0; i < rows; i++) out.set(runtime.logits(i), (from + row + i) * vocabulary);
    }
  });
  return out;
}
