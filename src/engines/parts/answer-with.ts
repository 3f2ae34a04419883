import type { CompletionEnd, Session, Token } from '../../domain/engine/engine';
import { FaultError, throwIfStopped } from '../../domain/fault';
import type { Model } from '../../inference/index';
import { promptParts } from './prompt-parts';
import { classifySimdError } from './simd-faults';

/** What of an open model of our library answers and scores, whatever computes it. */
export type AnsweringModel = Pick<Model, 'generate' | 'score'>;

/** Answers and scores as a session does. @throws FaultError in what it returns */
export function answerWith(model: AnsweringModel): Required<Pick<Session, 'complete' | 'score'>> {
  return {
    complete: (input, sampling, signal) => complete(model, input, sampling, signal),
    async score(prompt, continuations, signal) {
      try {
        return await model.score(promptParts(prompt), continuations, signal);
      } catch (error) {
        throw new FaultError(classifySimdError(error, 'GGUF file'), { cause: error });
      }
    },
  };
}

async function* complete(
  model: AnsweringModel,
  input: Parameters<Session['complete']>[0],
  sampling: Parameters<Session['complete']>[1],
  signal: AbortSignal,
): AsyncGenerator<Token, CompletionEnd, void> {
  throwIfStopped(signal);
  try {
    const tokens = model.generate(
      promptParts(input.prompt),
      {
        maxTokens: sampling.maxTokens,
        sampling: { temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP },
        seed: sampling.seed,
        stop: input.stop,
        ...(input.alternatives !== undefined && { topAlternatives: input.alternatives }),
        ...(input.fresh === true && { fresh: true }),
      },
      signal,
    );
    for (;;) {
      const next = await tokens.next();
      if (next.done !== true) {
        yield next.value;
        continue;
      }
      const { reason, promptTokens, cachedTokens, generatedTokens, prefillMs, decodeMs } = next.value;
      return { reason, promptTokens, cachedTokens, answerTokens: generatedTokens, prefillMs, decodeMs };
    }
  } catch (error) {
    throw new FaultError(classifySimdError(error, 'GGUF file'), { cause: error });
  }
}
