import { elementAt } from '../element-at';
import { createSampler } from '../sampling/sampler';
import type { SamplingOptions } from '../sampling/sampler';
import { createStopMatcher } from '../sampling/stop-matcher';
import { encodePrompt } from './prompt-ids';
import type { Prompt } from './prompt-ids';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { InferenceError } from '../errors';
import type { Row, Want } from './backend';
import type { Sequence } from './sequence';

/** What calls on an open model share. */
export interface ModelContext {
  readonly sequence: Sequence;
  readonly tokenizer: Tokenizer;
  readonly vocabulary: number;
  /** Throws when the model is closed. */
  check(): void;
}

export interface GenerateOptions {
  /** Default: as many as the context holds. */
  readonly maxTokens?: number;
  /** Default: greedy. */
  readonly sampling?: SamplingOptions;
  /** Of the generator that sampling uses; the same seed gives the same text. Default 0. */
  readonly seed?: number;
  /** Texts that end the answer; they are not part of it. */
  readonly stop?: readonly string[];
  /** Give this many of the likeliest tokens at each place, and the log-probability of the chosen one. */
  readonly topAlternatives?: number;
  /** Computes the whole prompt, even what the last call left. */
  readonly fresh?: boolean;
}

export interface Alternative {
  readonly id: number;
  readonly text: string;
  readonly logprob: number;
}

export interface GeneratedToken {
  readonly id: number;
  /** Text that became certain with this token: may be empty, or more than the token. */
  readonly text: string;
  /** Natural logarithm, before any sampling transform; only with `topAlternatives`. */
  readonly logprob?: number;
  readonly alternatives?: readonly Alternative[];
}

export interface GenerateResult {
  readonly reason: 'stop' | 'length';
  readonly promptTokens: number;
  /** Prompt tokens that were still in the cache. */
  readonly cachedTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  readonly generatedTokens: number;
}

/** Token ids of a prompt, checked against the vocabulary and the context. */
export function promptIds({ tokenizer, vocabulary, sequence }: ModelContext, prompt: Prompt): number[] {
  const ids = encodePrompt(tokenizer, prompt);
  checkIds(ids, vocabulary);
  const context = sequence.backend.contextTokens;
  if (ids.length === 0) throw new InferenceError('bad-input', 'the prompt is empty');
  if (ids.length > context)
    throw new InferenceError('bad-input', `the prompt has ${ids.length} tokens, the context ${context}`);
  return ids;
}

export function checkIds(ids: readonly number[], vocabulary: number): void {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (wrong !== undefined)
    throw new InferenceError('bad-input', `no token ${wrong} in a vocabulary of ${vocabulary}`);
}

/** Makes the sequence hold exactly `ids`, computing only what is not there, and gives the row after the last of them. */
export async function prefill(
  { sequence }: ModelContext,
  ids: readonly number[],
  wanted: { readonly want: Want; readonly pick?: readonly number[]; readonly fresh?: boolean },
  signal: AbortSignal | undefined,
): Promise<{ readonly cachedTokens: number; readonly row: Row }> {
  // The last token is always computed: its row is not kept.
  const cachedTokens = wanted.fresh === true ? 0 : sequence.countShared(ids.slice(0, -1));
  const count = await sequence.extend(ids.slice(cachedTokens), cachedTokens, signal);
  const rows = await sequence.rows(count - 1, 1, wanted.want, wanted.pick);
  return { cachedTokens, row: elementAt(rows, 0) };
}

/** The `count` largest logits, best first; equal ones by id. */
export function largest(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  const valueAt = (place: number) => logits[ids[place] ?? 0] ?? 0;
  let floor = -Infinity;
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id] ?? 0;
    if (ids.length === count && !(value > floor)) continue;
    let place = ids.length;
    while (place > 0 && valueAt(place - 1) < value) place--;
    ids.splice(place, 0, id);
    if (ids.length > count) ids.pop();
    floor = valueAt(ids.length - 1);
  }
  return ids;
}

/** Whether sampling is nothing but taking the greatest logit, which needs no copy of the logits. */
function isGreedy(options: SamplingOptions): boolean {
  const { temperature = 0, repeatPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = options;
  const plain = temperature === 0 && repeatPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0;
  return plain && !options.mirostat && !options.logitBias;
}

export async function* generate(
  context: ModelContext,
  prompt: Prompt,
  options: GenerateOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<GeneratedToken, GenerateResult, void> {
  const { sequence, tokenizer } = context;
  const ids = promptIds(context, prompt);
  const wanted = options.topAlternatives ?? 0;
  const room = sequence.backend.contextTokens - ids.length + 1;
  const maxTokens = Math.min(options.maxTokens ?? Infinity, room);
  const sampling = options.sampling ?? {};
  const sampler = createSampler(sampling, options.seed ?? 0);
  const greedy = isGreedy(sampling);
  const want = wanted > 0 ? 'all' : greedy ? 'argmax' : 'logits';
  sampler.observe(ids);
  const matcher = createStopMatcher(options.stop ?? []);
  const detokenizer = tokenizer.createDetokenizer();

  let mark = performance.now();
  const fresh = options.fresh === true;
  const prefilled = await prefill(context, ids, { want, fresh }, signal);
  const { cachedTokens } = prefilled;
  let { row } = prefilled;
  const prefillMs = performance.now() - mark;
  let decodeMs = 0;
  mark = performance.now();
  const result = (reason: 'stop' | 'length', generatedTokens: number): GenerateResult => ({
    reason,
    promptTokens: ids.length,
    cachedTokens,
    prefillMs,
    decodeMs: decodeMs + performance.now() - mark,
    generatedTokens,
  });
  for (let count = 0; count < maxTokens; count++) {
    const id = greedy ? row.argmax : sampler.sample(row.logits);
    if (tokenizer.isEndOfGeneration(id)) {
      const rest = matcher.push(detokenizer.flush()).text + matcher.flush();
      if (rest) yield { id, text: rest };
      return result('stop', count + 1);
    }
    const isLast = count + 1 === maxTokens;
    let { text, stop } = matcher.push(detokenizer.push(id));
    if (isLast && stop === undefined) {
      const last = matcher.push(detokenizer.flush());
      stop = last.stop;
      text += last.text + matcher.flush();
    }
    let extra = {};
    if (wanted > 0) {
      const { logits, logSumExp } = row;
      const alternatives = largest(logits, wanted).map((other) => ({
        id: other,
        text: tokenizer.decode([other], { special: true }),
        logprob: elementAt(logits, other) - logSumExp,
      }));
      extra = { logprob: elementAt(logits, id) - logSumExp, alternatives };
    }
    // The consumer's time is not ours.
    decodeMs += performance.now() - mark;
    yield { id, text, ...extra };
    mark = performance.now();
    context.check();
    if (stop !== undefined) return result('stop', count + 1);
    if (!isLast) row = await sequence.step(id, ids.length + count, want, signal);
  }
  return result('length', Math.max(0, maxTokens));
}
