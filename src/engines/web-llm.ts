import type * as Package from '@mlc-ai/web-llm';
import type {
  AppConfig,
  Completion,
  CompletionCreateParamsStreaming,
  InitProgressReport,
  MLCEngineConfig,
} from '@mlc-ai/web-llm';
import type {
  CompletionEnd,
  CompletionInput,
  Engine,
  OpenOptions,
  Sampling,
  Session,
  Token,
} from '../domain/engine/engine';
import { FaultError, throwIfStopped, toFault, type Fault } from '../domain/fault';
import { promptText } from '../domain/prompt/pieces';
import { makeMlcUrl } from '../domain/model/mlc-weights';
import type { Artifact } from '../domain/model/model';
import { createStopMatcher } from '../inference/sampling/stop-matcher';
import { findGpu, type Gpu } from './parts/find-gpu';

/** What is used of the package's engine. */
export interface WebLlmEngine {
  reload(modelId: string): Promise<void>;
  unload(): Promise<void>;
  getMessage(): Promise<string>;
  interruptGenerate(): Promise<void>;
  readonly completions: {
    create(request: CompletionCreateParamsStreaming): Promise<AsyncIterable<Completion>>;
  };
}

/** What is used of the package. */
export interface WebLlmLibrary extends Pick<
  typeof Package,
  'prebuiltAppConfig' | 'deleteChatConfigInCache' | 'deleteModelInCache' | 'deleteModelWasmInCache'
> {
  readonly MLCEngine: new (config: MLCEngineConfig) => WebLlmEngine;
}

/** MLC's compiled models on WebGPU. It fetches and keeps its files itself, shard by shard. */
export const webLlm: Engine = {
  id: 'web-llm',
  label: 'WebLLM (MLC)',
  formats: ['mlc'],
  backends: ['webgpu'],
  version: __WEB_LLM_VERSION__,
  // It has one, and nothing to measure from outside.
  choosesThreads: true,

  supports({ format, mlc }) {
    if (format !== 'mlc') return { ok: false, reason: `format ${format}` };
    if (mlc === undefined) return { ok: false, reason: 'no compiled library is named' };
    return mlc.repo === '' ? { ok: false, reason: 'no public conversion of these weights' } : { ok: true };
  },

  async open(artifact, _files, options, signal) {
    throwIfStopped(signal);
    return await openWebLlm(loadWebLlm, await findGpu(), artifact, options, signal);
  },
};

export const loadWebLlm = (): Promise<WebLlmLibrary> => import('@mlc-ai/web-llm');

/** @throws FaultError of any kind: this engine fetches */
export async function openWebLlm(
  load: () => Promise<WebLlmLibrary>,
  gpu: Gpu | undefined,
  artifact: Artifact,
  { contextTokens, onProgress }: Pick<OpenOptions, 'contextTokens' | 'onProgress'>,
  signal: AbortSignal,
): Promise<Session> {
  throwIfStopped(signal);
  // Before anything is fetched; the library asks only with its files at hand.
  if (gpu === undefined) throw unsupported('the browser has no WebGPU, or no graphics device for it');
  const library = await load();
  const appConfig = createAppConfig(library.prebuiltAppConfig, artifact, contextTokens, gpu);
  const engine = new library.MLCEngine({
    appConfig,
    logLevel: 'ERROR',
    initProgressCallback(report) {
      // Unloading does not reach a download that begins after it: only this ends that.
      throwIfStopped(signal);
      onProgress?.(readProgress(report));
    },
  });
  const unload = () => engine.unload().catch(() => undefined);
  const watch = watchStop(signal, () => void unload());
  const loading = engine.reload(artifact.id);
  try {
    await Promise.race([loading, watch.stopped]);
    throwIfStopped(signal);
    // A device that is lost while loading makes the library abort its own load, and say nothing.
    await engine.getMessage();
  } catch (error) {
    if (isNamed(error, 'IntegrityError')) await forget(library, artifact.id, appConfig, error);
    // It may come to its end all the same, and hold the device.
    void loading.then(unload, unload);
    throw new FaultError(signal.aborted ? { kind: 'stopped' } : classify(error), { cause: error });
  } finally {
    watch.end();
  }
  return {
    info: {
      engineId: 'web-llm',
      engineVersion: __WEB_LLM_VERSION__,
      backend: 'webgpu',
      threads: 1,
      contextTokens,
      quantization: artifact.quantization,
      adapter: gpu.name,
      ignoredSettings: ['topK'],
      readsControlText: true,
    },
    complete: createComplete(engine),
    close: () => engine.unload(),
  };
}

/** One record: the package's own, whose compiled library has the model's shape, with the artifact's weights and context. */
function createAppConfig(
  prebuilt: AppConfig,
  { id, mlc }: Artifact,
  contextTokens: number,
  gpu: Gpu,
): AppConfig {
  if (mlc === undefined || mlc.repo === '') throw unsupported('no public conversion of these weights');
  const record = prebuilt.model_list.find(({ model_id }) => model_id === mlc.library);
  if (record === undefined) throw unsupported(`web-llm has no library ${mlc.library}`);
  const features = [...new Set([...(record.required_features ?? []), ...mlc.requiredFeatures])];
  const missing = features.filter((feature) => !gpu.features.has(feature));
  if (missing.length > 0) throw unsupported(`the graphics device has no ${missing.join(', ')}`);
  const { buffer_size_required_bytes: bytes = 0 } = record;
  if (bytes > gpu.maxStorageBufferBytes) {
    throw unsupported(
      `the graphics device holds ${gpu.maxStorageBufferBytes} of ${bytes} bytes in one buffer`,
    );
  }
  return {
    cacheBackend: 'indexeddb',
    model_list: [
      {
        ...record,
        model: makeMlcUrl(mlc.repo),
        model_id: id,
        required_features: features,
        // The library takes one of the two; a model made for a sliding window gets a plain one.
        overrides: { ...record.overrides, context_window_size: contextTokens, sliding_window_size: -1 },
      },
    ],
  };
}

/** `stopped` rejects at an abort, and does nothing otherwise. */
function watchStop(signal: AbortSignal, onStop: () => void) {
  let onAbort: () => void = () => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      onStop();
      reject(new FaultError({ kind: 'stopped' }));
    };
  });
  // Nobody may be waiting just then.
  stopped.catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    stopped,
    end: () => {
      signal.removeEventListener('abort', onAbort);
    },
  };
}

function readProgress({ progress, text }: InitProgressReport) {
  const fetched = /(\d+)MB fetched/.exec(text)?.[1];
  return {
    // Of no weights at all, it is 0 of 0.
    fraction: Number.isFinite(progress) ? Math.min(1, Math.max(0, progress)) : 0,
    text,
    ...(fetched !== undefined && { doneBytes: Number(fetched) * 2 ** 20 }),
  };
}

/** The library keeps what it fetched before it checks it, and would find it wrong for ever. */
async function forget(
  library: WebLlmLibrary,
  modelId: string,
  appConfig: AppConfig,
  error: Error,
): Promise<void> {
  const url = 'url' in error && typeof error.url === 'string' ? error.url : '';
  const remove = url.endsWith('.wasm')
    ? library.deleteModelWasmInCache
    : url.endsWith('mlc-chat-config.json')
      ? library.deleteChatConfigInCache
      : library.deleteModelInCache;
  await remove(modelId, appConfig).catch(() => undefined);
}

function createComplete(engine: WebLlmEngine): Session['complete'] {
  /** Of a stopped answer, what still runs: the next one waits for it. */
  let rest: Promise<unknown> = Promise.resolve();

  return async function* complete(
    { prompt, stop }: CompletionInput,
    sampling: Sampling,
    signal: AbortSignal,
  ): AsyncGenerator<Token, CompletionEnd, void> {
    throwIfStopped(signal);
    const watch = watchStop(signal, () => {
      engine.interruptGenerate().catch(() => undefined);
    });
    let chunks: AsyncIterator<Completion> | undefined;
    try {
      await Promise.race([rest, watch.stopped]);
      chunks = (await engine.completions.create(createRequest(promptText(prompt), sampling)))[
        Symbol.asyncIterator
      ]();
      const stops = createStopMatcher(stop);
      let reason: CompletionEnd['reason'] = 'stop';
      let met = false;
      for (;;) {
        const next = await Promise.race([chunks.next(), watch.stopped]);
        if (next.done === true) break;
        const { choices, usage } = next.value;
        const [choice] = choices;
        if (choice !== undefined && !met) {
          const match = stops.push(choice.text);
          met = match.stop !== undefined;
          if (met) await engine.interruptGenerate();
          if (match.text !== '') yield { text: match.text };
        }
        if (choice?.finish_reason === 'length') reason = 'length';
        if (choice?.finish_reason === 'abort' && !met) throw new FaultError({ kind: 'stopped' });
        if (usage !== undefined) {
          const left = met ? '' : stops.flush();
          if (left !== '') yield { text: left };
          return readEnd(met ? 'stop' : reason, usage);
        }
      }
      throw new FaultError({ kind: 'engine', detail: 'web-llm ended an answer without its measurements' });
    } catch (error) {
      throw error instanceof FaultError ? error : new FaultError(classify(error), { cause: error });
    } finally {
      watch.end();
      const last = chunks?.return?.();
      rest = Promise.allSettled([rest, last]);
    }
  };
}

function createRequest(
  prompt: string,
  { maxTokens, temperature, topP, seed }: Sampling,
): CompletionCreateParamsStreaming {
  return {
    prompt,
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    seed,
    // No `stop`: it cuts one off its answer, but not off the pieces that it has given out by then.
    // A model's own `mlc-chat-config.json` may ask for others.
    repetition_penalty: 1,
    frequency_penalty: 0,
    presence_penalty: 0,
  };
}

/** The first token comes with the prompt: the others are decoded. */
function readEnd(
  reason: CompletionEnd['reason'],
  { prompt_tokens, completion_tokens, extra }: NonNullable<Completion['usage']>,
): CompletionEnd {
  return {
    reason,
    promptTokens: prompt_tokens,
    cachedTokens: 0,
    answerTokens: completion_tokens,
    prefillMs: extra.time_to_first_token_s * 1000,
    decodeMs: extra.time_per_output_token_s * Math.max(0, completion_tokens - 1) * 1000,
  };
}

const KINDS: Readonly<Record<string, 'unsupported' | 'device-lost'>> = {
  WebGPUNotAvailableError: 'unsupported',
  WebGPUNotFoundError: 'unsupported',
  ShaderF16SupportError: 'unsupported',
  FeatureSupportError: 'unsupported',
  ModelNotFoundError: 'unsupported',
  MissingModelWasmError: 'unsupported',
  UnsupportedTokenizerFilesError: 'unsupported',
  DeviceLostError: 'device-lost',
  // After a loss it unloads the model without a word.
  ModelNotLoadedError: 'device-lost',
};

/** By name: the package's classes would load it with the adapter. */
function classify(error: unknown): Fault {
  const fault = toFault(error);
  if (fault.kind !== 'engine' || !(error instanceof Error)) return fault;
  const { detail } = fault;
  const kind = KINDS[error.name];
  if (kind !== undefined) return { kind, detail };
  if (error.name === 'IntegrityError') {
    const url = /https?:\S+/.exec(detail)?.[0] ?? '';
    return { kind: 'integrity', file: url.split('/').at(-1) ?? '', detail };
  }
  if (/^ContextWindowSizeExceeded/.test(error.name)) return { kind: 'bad-input', what: 'prompt', detail };
  if (/^WindowSize|^(MinValue|Range|NonNegative|ConfigValue)Error$/.test(error.name) && error.message !== '')
    return { kind: 'bad-input', what: 'request', detail };
  const failed = /^Failed to store (\S+) with error/.exec(detail)?.[1];
  if (failed !== undefined) {
    return /QuotaExceeded/.test(detail)
      ? { kind: 'quota', neededBytes: 0 }
      : { kind: 'download', url: failed, detail };
  }
  if (/compatible GPU|Cannot initialize runtime because of requested/.test(detail))
    return { kind: 'unsupported', detail };
  if (/device (was|is) lost|device lost/i.test(detail)) return { kind: 'device-lost', detail };
  if (/out of memory|alloc/i.test(detail)) return { kind: 'out-of-memory', detail };
  return fault;
}

function isNamed(error: unknown, name: string): error is Error {
  return error instanceof Error && error.name === name;
}

function unsupported(detail: string): FaultError {
  return new FaultError({ kind: 'unsupported', detail });
}
