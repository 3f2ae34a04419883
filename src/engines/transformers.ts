import type {
  CompletionEnd,
  CompletionInput,
  Embedder,
  Engine,
  OpenFile,
  Sampling,
  Session,
  SessionInfo,
  Token,
} from '../domain/engine/engine';
import { FaultError, throwIfStopped } from '../domain/fault';
import type { Dtype, OpenRequest } from './transformers/protocol';
import { openRuntime, unexpected, type Runtime } from './transformers/runtime';

/** ONNX Runtime by way of transformers.js: models that exist as ONNX, on the CPU and by WebGPU. */
export const transformers: Engine = {
  id: 'transformers',
  label: 'transformers.js (ONNX Runtime)',
  formats: ['onnx'],
  backends: ['wasm', 'webgpu'],
  version: __TRANSFORMERS_VERSION__,
  choosesThreads: false,

  supports(artifact) {
    if (artifact.format !== 'onnx') return { ok: false, reason: `format ${artifact.format}` };
    return artifact.onnx === undefined ? { ok: false, reason: 'no ONNX data type is named' } : { ok: true };
  },

  async open(artifact, files, { contextTokens, threads, backend }, signal): Promise<Session> {
    throwIfStopped(signal);
    const dtype = artifact.onnx?.dtype;
    if (dtype === undefined)
      throw new FaultError({ kind: 'unsupported', detail: 'no ONNX data type is named' });
    const request: OpenRequest = {
      type: 'open',
      task: 'generate',
      files,
      dtype,
      backend,
      // On the graphics device ONNX Runtime has nothing for more of them to do.
      threads: backend === 'webgpu' || threads === 'measure' ? 1 : threads,
      contextTokens,
    };
    const runtime = await openRuntime(request, signal);
    const { version, adapter, ...opened } = runtime.opened;
    const info: SessionInfo = {
      engineId: 'transformers',
      engineVersion: version,
      backend,
      threads: opened.threads,
      contextTokens: opened.contextTokens,
      quantization: dtype,
      ...(opened.readsControlText === true && { readsControlText: true }),
      ...(adapter !== undefined && { adapter }),
    };
    return {
      info,
      complete: (input, sampling, stopSignal) => complete(runtime, input, sampling, stopSignal),
      close: () => {
        runtime.close();
        return Promise.resolve();
      },
    };
  },
};

/**
 * Opens a sentence model (mean pooling, vectors of length 1) on one thread of the CPU.
 * @param files by their path in the repo: `config.json`, `tokenizer.json`, `tokenizer_config.json`, `onnx/model*.onnx`
 * @throws FaultError `bad-input` when a file is missing, `unsupported`, `out-of-memory`, `engine` or `stopped`
 */
export async function openEmbedder(
  files: readonly OpenFile[],
  dtype: Dtype,
  signal: AbortSignal,
): Promise<Embedder> {
  throwIfStopped(signal);
  const runtime = await openRuntime(
    { type: 'open', task: 'embed', files, dtype, backend: 'wasm', threads: 1, contextTokens: 0 },
    signal,
  );
  return {
    async embed(texts, stopSignal) {
      if (texts.length === 0) return [];
      const { value: reply } = await runtime.ask({ type: 'embed', texts }, stopSignal).next();
      if (!('type' in reply)) throw new FaultError({ kind: 'engine', detail: 'a sentence model wrote text' });
      if (reply.type !== 'vectors') throw unexpected(reply);
      return reply.vectors;
    },
    close: () => {
      runtime.close();
      return Promise.resolve();
    },
  };
}

async function* complete(
  runtime: Runtime,
  input: CompletionInput,
  sampling: Sampling,
  signal: AbortSignal,
): AsyncGenerator<Token, CompletionEnd, void> {
  const reply = yield* runtime.ask({ type: 'complete', input, sampling }, signal);
  if (reply.type !== 'end') throw unexpected(reply);
  return reply.end;
}
