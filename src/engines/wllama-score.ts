import * as v from 'valibot';
import type { Continuation, OpenFile, Session } from '../domain/engine/engine';
import { FaultError, throwIfStopped, type Fault } from '../domain/fault';
import { parseWith } from '../domain/parse';
import type { Tokenizer } from '../inference/index';
import { dropWrittenBos, readTokenizer } from './parts/llama-cpp-prompt';
import { promptParts } from './parts/prompt-parts';

/** As llama.cpp's server takes it; wllama's types leave out pairs for a bias. It takes no ids for a prompt. */
export interface ForcedRequest {
  readonly prompt: string;
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
 * log-probability read off. wllama has no tokenizer to ask, so the file's is read by ours; a model whose tokenizer ours
 * lacks gives `unsupported`, and so does a continuation whose tokens do not come back from its text, such as those that
 * split a letter, and a prompt in which a person spelled out a control token. The KV cache keeps the prompt between continuations.
 */
export function createForcedScorer(
  files: readonly OpenFile[],
  complete: (request: ForcedRequest) => Promise<unknown>,
  classify: (error: unknown) => Fault,
): NonNullable<Session['score']> {
  let reading: Promise<Tokenizer> | undefined;
  return async (given, following, signal) => {
    try {
      const tokenizer = await (reading ??= readTokenizer(files));
      const { continuationIds, encodePrompt, moveTrailingSpace } = await import('../inference/index');
      const { prompt: parts, continuations } = moveTrailingSpace(promptParts(given), following);
      const ids = encodePrompt(tokenizer, parts);
      const prompt = dropWrittenBos(tokenizer, parts.map(({ text }) => text).join(''));
      const scores: Continuation[] = [];
      for (const continuation of continuations) {
        const tokens = continuationIds({ tokenizer }, parts, ids, continuation);
        const prompts = tokens.map((_, at) => writePrompt(tokenizer, prompt, ids, tokens.slice(0, at)));
        scores.push(await forceTokens(prompts, tokens, complete, signal));
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

/** The text that llama.cpp reads as exactly these tokens. @throws FaultError `unsupported` */
function writePrompt(
  tokenizer: Tokenizer,
  prompt: string,
  ids: readonly number[],
  forced: readonly number[],
): string {
  const wanted = [...ids, ...forced];
  // This keeps a space at the start, which decoding all at once may not.
  const detokenizer = tokenizer.createDetokenizer();
  const said = forced.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
  const { bosId } = tokenizer;
  const start = prompt === '' && bosId !== undefined ? tokenizer.decode([bosId], { special: true }) : prompt;
  // Some models get their beginning of text anyway, others only where it is written.
  for (const text of [prompt + said, start + said]) {
    const read = tokenizer.encode(text, { addSpecial: true, parseSpecial: true });
    if (read.length > 0 && read.length === wanted.length && read.every((id, at) => id === wanted[at]))
      return text;
  }
  throw new FaultError({ kind: 'unsupported', detail: 'tokens that no text has cannot be forced' });
}

async function forceTokens(
  prompts: readonly string[],
  tokens: readonly number[],
  complete: (request: ForcedRequest) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Continuation> {
  const logprobs: number[] = [];
  const greedy: boolean[] = [];
  for (const [at, token] of tokens.entries()) {
    throwIfStopped(signal);
    const answer = await complete({
      prompt: prompts[at] ?? '',
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
