import type { RawCompletionChunk, Wllama } from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import * as v from 'valibot';
import type { CompletionEnd, Engine, Session, SessionInfo, Token } from '../domain/engine';

import { FaultError, throwIfStopped, toFault, type Fault } from '../domain/fault';

/** More than any model has. */
const ALL_LAYERS = 999;

/** llama.cpp in one WASM file: the widest GGUF support in a browser, on the CPU and by WebGPU. */
export const wllama: Engine = {
  id: 'wllama',
  label: 'llama.cpp (wllama)',
  formats: ['gguf'],
  backends: ['wasm', 'webgpu'],
  version: __WLLAMA_VERSION__,
  choosesThreads: false,

  supports: (artifact) =>
    artifact.format === 'gguf' ? { ok: true } : { ok: false, reason: `format ${artifact.format}` },

  async open(_artifact, files, options, signal): Promise<Session> {
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
      ...(input.alternatives !== undefined && {
        n_probs: input.alternatives,
        logprobs: input.alternatives,
      }),
      abortSignal: signal,
    });
    let last: RawCompletionChunk | undefined;
    let reason: CompletionEnd['reason'] = 'stop';
    for await (const chunk of chunks) {
      throwIfStopped(signal);
      last = chunk;
      const [choice] = chunk.choices;
      if (choice?.finish_reason === 'length') reason = 'length';
      if (choice === undefined) continue;
      const likely = input.alternatives === undefined ? undefined : readLikely(choice);
      if (choice.text !== '' || likely !== undefined) yield { text: choice.text, ...likely };
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

const likelySchema = v.object({
  id: v.number(),
  token: v.string(),
  logprob: v.number(),
});
/** What llama.cpp's server sends beside each token; wllama's types leave it out. */
const choiceSchema = v.object({
  logprobs: v.object({
    content: v.tuple([v.object({ ...likelySchema.entries, top_logprobs: v.array(likelySchema) })]),
  }),
});

/** The id and the probability of a token, and of those that came near; the last chunk has none. */
function readLikely(choice: unknown): Omit<Token, 'text'> | undefined {
  const read = v.safeParse(choiceSchema, choice);
  if (!read.success) return undefined;
  const [{ id, logprob, top_logprobs: top }] = read.output.logprobs.content;
  return {
    id,
    logprob,
    alternatives: top.map((each) => ({ id: each.id, text: each.token, logprob: each.logprob })),
  };
}

function classify(error: unknown): Fault {
  const fault = toFault(error);
  if (fault.kind !== 'engine') return fault;
  // As ggml's WebGPU backend reports it.
  if (/device.{0,4}lost/i.test(fault.detail)) return { kind: 'device-lost', detail: fault.detail };
  if (/exceeds the available context size/.test(fault.detail)) {
    return { kind: 'bad-input', what: 'prompt', detail: fault.detail };
  }
  return /out of memory|memory access|alloc|failed to grow/i.test(fault.detail)
    ? { kind: 'out-of-memory', detail: fault.detail }
    : fault;
}
