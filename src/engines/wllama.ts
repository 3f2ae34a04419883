import type { LoadedContextInfo, RawCompletionChunk, Wllama } from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import type { CompletionEnd, Engine, Session, SessionInfo, Token } from '../domain/engine';
import { FaultError, throwIfStopped, toFault, type Fault } from '../domain/fault';
import { checkGguf } from './parts/check-gguf';

/** More than any model has. */
const ALL_LAYERS = 999;

/** llama.cpp in one WASM file: the widest GGUF support in a browser, on the CPU and by WebGPU. */
export const wllama: Engine = {
  id: 'wllama',
  label: 'llama.cpp (wllama)',
  formats: ['gguf'],
  backends: ['wasm', 'webgpu'],
  choosesThreads: false,

  supports: (artifact) =>
    artifact.format === 'gguf' ? { ok: true } : { ok: false, reason: `format ${artifact.format}` },

  async open(_artifact, files, options, signal): Promise<Session> {
    const { LogLevel, Wllama } = await import('@wllama/wllama');
    throwIfStopped(signal);
    const blobs = files.map((file) => file.blob);
    // llama.cpp asserts where a file contradicts itself; this tells what is wrong, and reads only the header.
    await checkGguf(blobs, signal);
    const errors: string[] = [];
    const runtime = new Wllama({ default: wasmUrl }, { logger: keepFirstError(errors) });
    // The default would fetch another build from a CDN on Safari; nothing here comes from another host.
    runtime.setCompat(null);
    try {
      const loading = runtime.loadModel(blobs, {
        n_ctx: options.contextTokens,
        ...(options.threads !== 'measure' && { n_threads: options.threads }),
        // None also keeps llama.cpp from asking for a GPU device at all.
        n_gpu_layers: options.backend === 'webgpu' ? ALL_LAYERS : 0,
        n_parallel: 1,
        warmup: false,
        log_level: LogLevel.ERROR,
      });
      // A worker of wllama that dies while loading answers nothing: a stop must not wait for it.
      await Promise.race([loading, rejectOnStop(signal)]);
      // wllama itself takes a model that llama.cpp refused for a loaded one.
      if (!isLoaded(runtime.getLoadedContextInfo())) throw new FaultError(classifyRefusal(errors[0]));
    } catch (error) {
      await runtime.exit();
      const fault = classify(error);
      // An assertion of llama.cpp, which says no more.
      const isAbort = fault.kind === 'engine' && fault.detail.startsWith('(ABORT)');
      throw new FaultError(isAbort ? classifyRefusal('llama.cpp stopped itself while loading') : fault, {
        cause: error,
      });
    }
    const info: SessionInfo = {
      engineId: 'wllama',
      engineVersion: `${__WLLAMA_VERSION__} / ${Wllama.getLibllamaVersion()}`,
      backend: options.backend,
      threads: runtime.isMultithread() ? runtime.getNumThreads() : 1,
      contextTokens: runtime.getLoadedContextInfo().n_ctx,
    };
    return {
      info,
      complete: (input, sampling, stopSignal) => complete(runtime, input, sampling, stopSignal),
      close: () => runtime.exit(),
    };
  },
};

const MAX_ERROR_LENGTH = 300;

/** A logger that keeps the first error, which tells why a model was not loaded, and is silent otherwise. */
function keepFirstError(errors: string[]) {
  const ignore = () => undefined;
  return {
    debug: ignore,
    log: ignore,
    warn: ignore,
    error(...parts: unknown[]) {
      if (errors.length > 0) return;
      // Without the function that says it: `llama_model_load: error loading model: unknown model architecture: 'x'`.
      const line = parts.map(String).join(' ');
      errors.push(
        line
          .replace(/^(\w+: +)?(error loading model: )?/, '')
          .slice(0, MAX_ERROR_LENGTH)
          .trim(),
      );
    },
  };
}

/** The flag that llama.cpp's side sends; it is not among the types of wllama's public interface. */
function isLoaded(info: LoadedContextInfo & { readonly success?: boolean }): boolean {
  return info.success !== false;
}

function rejectOnStop(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new FaultError({ kind: 'stopped' }));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

async function* complete(
  runtime: Wllama,
  input: Parameters<Session['complete']>[0],
  sampling: Parameters<Session['complete']>[1],
  signal: AbortSignal,
): AsyncGenerator<Token, CompletionEnd, void> {
  throwIfStopped(signal);
  try {
    const chunks = await runtime.createCompletion({
      prompt: input.prompt,
      stream: true,
      max_tokens: sampling.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      top_k: sampling.topK,
      seed: sampling.seed,
      stop: [...input.stop],
      abortSignal: signal,
    });
    let last: RawCompletionChunk | undefined;
    let reason: CompletionEnd['reason'] = 'stop';
    for await (const chunk of chunks) {
      throwIfStopped(signal);
      last = chunk;
      const [choice] = chunk.choices;
      if (choice?.finish_reason === 'length') reason = 'length';
      if (choice !== undefined && choice.text !== '') yield { text: choice.text };
    }
    const timings = last?.timings;
    if (timings === undefined) {
      throw new FaultError({ kind: 'engine', detail: 'llama.cpp ended an answer without its timings' });
    }
    return {
      reason,
      promptTokens: timings.prompt_n + timings.cache_n,
      cachedTokens: timings.cache_n,
      answerTokens: timings.predicted_n,
      prefillMs: timings.prompt_ms,
      decodeMs: timings.predicted_ms,
    };
  } catch (error) {
    throw error instanceof FaultError ? error : new FaultError(classify(error), { cause: error });
  }
}

/** Why llama.cpp did not load a model whose header is sound: another engine may. */
function classifyRefusal(detail = 'llama.cpp refused the model'): Fault {
  const fault = classify(new Error(detail));
  return fault.kind === 'engine' ? { kind: 'unsupported', detail } : fault;
}

function classify(error: unknown): Fault {
  const fault = toFault(error);
  if (fault.kind !== 'engine') return fault;
  return /out of memory|memory access|alloc|failed to grow/i.test(fault.detail)
    ? { kind: 'out-of-memory', detail: fault.detail }
    : fault;
}
