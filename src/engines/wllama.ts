import type { RawCompletionChunk, Wllama } from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import type { CompletionEnd, Engine, Session, SessionInfo, Token } from '../domain/engine';
import { FaultError, throwIfStopped, toFault, type Fault } from '../domain/fault';
import { findGpu } from './parts/find-gpu';

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

  async open(artifact, files, options, signal): Promise<Session> {
    const { LoggerWithoutDebug, Wllama } = await import('@wllama/wllama');
    throwIfStopped(signal);
    const runtime = new Wllama({ default: wasmUrl }, { logger: LoggerWithoutDebug, suppressNativeLog: true });
    // The default would fetch another build from a CDN on Safari; nothing here comes from another host.
    runtime.setCompat(null);
    try {
      await runtime.loadModel(
        files.map((file) => file.blob),
        {
          n_ctx: options.contextTokens,
          ...(options.threads !== 'measure' && { n_threads: options.threads }),
          // None also keeps llama.cpp from asking for a GPU device at all.
          n_gpu_layers: options.backend === 'webgpu' ? ALL_LAYERS : 0,
          n_parallel: 1,
          warmup: false,
        },
      );
    } catch (error) {
      throw new FaultError(classify(error), { cause: error });
    }
    const context = runtime.getLoadedContextInfo();
    const gpu = options.backend === 'webgpu' ? await findGpu() : undefined;
    const info: SessionInfo = {
      engineId: 'wllama',
      engineVersion: `${__WLLAMA_VERSION__} / ${Wllama.getLibllamaVersion()}`,
      backend: options.backend,
      threads: runtime.isMultithread() ? runtime.getNumThreads() : 1,
      contextTokens: context.n_ctx,
      quantization: artifact.quantization,
      // As llama.cpp counts them: the output layer is one.
      layersOnGpu: options.backend === 'webgpu' ? context.n_layer + 1 : 0,
      ...(gpu !== undefined && { adapter: gpu.name }),
    };
    return {
      info,
      complete: (input, sampling, stopSignal) => complete(runtime, input, sampling, stopSignal),
      close: () => runtime.exit(),
    };
  },
};

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

function classify(error: unknown): Fault {
  const fault = toFault(error);
  if (fault.kind !== 'engine') return fault;
  return /out of memory|memory access|alloc|failed to grow/i.test(fault.detail)
    ? { kind: 'out-of-memory', detail: fault.detail }
    : fault;
}
