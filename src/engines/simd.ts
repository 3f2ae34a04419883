import type { CompletionEnd, Engine, Session, SessionInfo, Token } from '../domain/engine';
import { FaultError, throwIfStopped, toFault, type Fault } from '../domain/fault';
import type { SimdErrorCode, SimdModel } from '../simd/index';

/** Our own CPU engine. Its `info` names the build that runs; it measures its threads itself and keeps watching them. */
export const simd: Engine = {
  id: 'simd',
  label: 'WizardBench SIMD',
  formats: ['gguf'],
  backends: ['wasm'],
  choosesThreads: true,

  supports: (artifact) =>
    artifact.format === 'gguf' ? { ok: true } : { ok: false, reason: `format ${artifact.format}` },

  async open(artifact, files, options, signal): Promise<Session> {
    const { blobSource, openModel } = await import('../simd/index');
    throwIfStopped(signal);
    let model: SimdModel;
    try {
      model = await openModel(
        files.map((file) => blobSource(file.blob)),
        {
          contextTokens: options.contextTokens,
          threads: options.threads === 'measure' ? 'measure' : options.threads,
        },
        signal,
      );
    } catch (error) {
      throw new FaultError(classify(error), { cause: error });
    }
    return {
      get info(): SessionInfo {
        const { build, dotMode, threads, contextTokens } = model.info;
        return {
          engineId: 'simd',
          engineVersion: `${__APP_VERSION__} ${build}, ${dotMode} dot product`,
          backend: 'wasm',
          threads,
          contextTokens,
          quantization: artifact.quantization,
        };
      },
      complete: (input, sampling, stopSignal) => complete(model, input, sampling, stopSignal),
      async score(prompt, continuations, stopSignal) {
        try {
          return await model.score(prompt, continuations, stopSignal);
        } catch (error) {
          throw new FaultError(classify(error), { cause: error });
        }
      },
      close: () => {
        model.close();
        return Promise.resolve();
      },
    };
  },
};

async function* complete(
  model: SimdModel,
  input: Parameters<Session['complete']>[0],
  sampling: Parameters<Session['complete']>[1],
  signal: AbortSignal,
): AsyncGenerator<Token, CompletionEnd, void> {
  throwIfStopped(signal);
  try {
    const tokens = model.generate(
      input.prompt,
      {
        maxTokens: sampling.maxTokens,
        sampling: { temperature: sampling.temperature, topK: sampling.topK, topP: sampling.topP },
        seed: sampling.seed,
        stop: input.stop,
      },
      signal,
    );
    for (;;) {
      const next = await tokens.next();
      if (next.done !== true) {
        yield { text: next.value.text, id: next.value.id };
        continue;
      }
      const { reason, promptTokens, cachedTokens, generatedTokens, prefillMs, decodeMs } = next.value;
      return { reason, promptTokens, cachedTokens, answerTokens: generatedTokens, prefillMs, decodeMs };
    }
  } catch (error) {
    throw new FaultError(classify(error), { cause: error });
  }
}

/** The library's own errors carry a code; anything else is what `toFault` makes of it. */
function classify(error: unknown): Fault {
  if (!isSimdError(error)) return toFault(error);
  const detail = error.message;
  switch (error.code) {
    case 'unsupported':
    case 'out-of-memory':
    case 'engine':
      return { kind: error.code, detail };
    case 'bad-file':
      return { kind: 'bad-input', what: 'GGUF file', detail };
    case 'bad-input':
      return { kind: 'bad-input', what: 'request', detail };
    case 'read-failed':
      return { kind: 'engine', detail };
  }
}

/** By name, not by class: importing the class would load the engine with the adapter. */
function isSimdError(error: unknown): error is Error & { readonly code: SimdErrorCode } {
  return error instanceof Error && error.name === 'SimdError' && 'code' in error;
}
