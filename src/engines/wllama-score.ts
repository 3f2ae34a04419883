import * as v from 'valibot';
import type { Continuation, OpenFile, Session } from '../domain/engine';
import { FaultError, throwIfStopped, type Fault } from '../domain/fault';
import { parseWith } from '../domain/parse';
import type { Tokenizer } from '../simd/index';

/** As llama.cpp's server takes it; wllama's types leave out ids for a prompt and pairs for a bias. */
export interface ForcedRequest {
  readonly prompt: readonly number[];
  readonly max_tokens: 1;
  readonly temperature: 0;
  readonly n_probs: 1;
  readonly logprobs: 1;
  readonly logit_bias: readonly (readonly [number, number])[];
  readonly cache_prompt: true;
  readonly abortSignal: AbortSignal;
}

/** Lifts a token over every other one; the log-probabilities that come back are those without it. */
const FORCING_BIAS = 1_000;

const answerSchema = v.object({
  choices: v.tuple([
    v.object({
      logprobs: v.object({
        content: v.tuple([
          v.object({
            id: v.number(),
            logprob: v.number(),
            top_logprobs: v.pipe(v.array(v.object({ id: v.number() })), v.minLength(1)),
          }),
        ]),
      }),
    }),
  ]),
});

/**
 * Log-likelihoods through an engine that can only write: each token of a continuation is forced by a bias, and its own
 * log-probability read off. llama.cpp's build has no tokenizer to ask, so the file's is read by ours; a model whose
 * tokenizer ours lacks gives `unsupported`. The KV cache keeps the prompt between continuations.
 */
export function createForcedScorer(
  files: readonly OpenFile[],
  complete: (request: ForcedRequest) => Promise<unknown>,
  classify: (error: unknown) => Fault,
): NonNullable<Session['score']> {
  let reading: Promise<Tokenizer> | undefined;
  return async (prompt, continuations, signal) => {
    try {
      const tokenizer = await (reading ??= readTokenizer(files));
      const { continuationIds } = await import('../simd/index');
      const ids = tokenizer.encode(prompt, { addSpecial: true, parseSpecial: true });
      if (ids.length === 0 && tokenizer.bosId !== undefined) ids.push(tokenizer.bosId);
      const scores: Continuation[] = [];
      for (const continuation of continuations) {
        const tokens = continuationIds({ tokenizer }, prompt, ids, continuation);
        scores.push(await forceTokens(ids, tokens, complete, signal));
      }
      return scores;
    } catch (error) {
      if (error instanceof FaultError) throw error;
      const unsupported = error instanceof Error && 'code' in error && error.code === 'unsupported';
      const fault: Fault = unsupported ? { kind: 'unsupported', detail: error.message } : classify(error);
      throw new FaultError(fault, { cause: error });
    }
  };
}

async function readTokenizer(files: readonly OpenFile[]): Promise<Tokenizer> {
  const { blobSource, createTokenizer, parseGguf } = await import('../simd/index');
  const { metadata } = await parseGguf(files.map(({ blob }) => blobSource(blob)));
  return createTokenizer(metadata);
}

async function forceTokens(
  prompt: readonly number[],
  tokens: readonly number[],
  complete: (request: ForcedRequest) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Continuation> {
  const logprobs: number[] = [];
  const greedy: boolean[] = [];
  for (const [at, token] of tokens.entries()) {
    throwIfStopped(signal);
    const answer = await complete({
      prompt: [...prompt, ...tokens.slice(0, at)],
      max_tokens: 1,
      temperature: 0,
      n_probs: 1,
      logprobs: 1,
      logit_bias: [[token, FORCING_BIAS]],
      cache_prompt: true,
      abortSignal: signal,
    });
    const { choices } = parseWith(answerSchema, answer, 'llama.cpp log-probabilities');
    const [{ id, logprob, top_logprobs: top }] = choices[0].logprobs.content;
    if (id !== token) throw new FaultError({ kind: 'engine', detail: `token ${token} was not forced` });
    logprobs.push(logprob);
    greedy.push(top[0]?.id === token);
  }
  return { logprobs, greedy };
}
