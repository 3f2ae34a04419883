import type {
  ChatCompletionChunk,
  ChatCompletionMessageContent,
  LoadedContextInfo,
  RawCompletionChunk,
  Wllama,
} from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import * as v from 'valibot';
import type { ChatImage, CompletionEnd, Engine, Session, SessionInfo, Token } from '../domain/engine/engine';
import { badInput, FaultError, throwIfStopped, toFault, type Fault } from '../domain/fault';
import { IMAGE_MARKER, promptText, splitAtImages, type Prompt } from '../domain/prompt/pieces';
import { checkGguf, checkProjector } from './parts/check-gguf';
import { findGpu } from './parts/find-gpu';
import { dropWrittenBos, readTokenizer } from './parts/llama-cpp-prompt';
import { createForcedScorer } from './wllama-score';

/** More than any model has. */
const ALL_LAYERS = 999;

/** As llama.cpp says it while it loads; where it finds no device that it can use, it goes on on the CPU without a word. */
const OFFLOADED = /offloaded [1-9]\d*\/\d+ layers to GPU/;

/**
 * wllama takes images only with chat messages, which llama.cpp renders. This template gives back what it is given, so
 * that the model sees our text here too.
 */
const VERBATIM_TEMPLATE =
  '{%- for message in messages -%}{%- if message.content is string -%}{{ message.content }}' +
  '{%- else -%}{%- for part in message.content -%}{{ part.text }}{%- endfor -%}{%- endif -%}{%- endfor -%}';

/** llama.cpp in one WASM file: the widest GGUF support in a browser, on the CPU and by WebGPU. */
export const wllama: Engine = {
  id: 'wllama',
  label: 'llama.cpp (wllama)',
  formats: ['gguf'],
  backends: ['wasm', 'webgpu'],
  version: __WLLAMA_VERSION__,
  choosesThreads: false,
  kvTypes: ['f16', 'q8_0'],
  acceptsImages: true,

  supports: (artifact) =>
    artifact.format === 'gguf' ? { ok: true } : { ok: false, reason: `format ${artifact.format}` },

  async open(artifact, files, options, signal): Promise<Session> {
    const { LogLevel, Wllama } = await import('@wllama/wllama');
    throwIfStopped(signal);
    const weights = files.filter(({ role }) => role === undefined);
    const projectors = files.filter(({ role }) => role === 'mmproj');
    // It knows a projector by its header.
    const blobs = [...weights, ...projectors].map(({ blob }) => blob);
    // llama.cpp asserts where a file contradicts itself; this tells what is wrong, and reads only the header.
    await checkGguf(
      weights.map(({ blob }) => blob),
      signal,
    );
    const [projectorType] = await Promise.all(projectors.map(({ blob }) => checkProjector(blob, signal)));
    const wantsGpu = options.backend === 'webgpu';
    const errors: string[] = [];
    // Only its log tells whether llama.cpp really computes on the GPU.
    const loadLog: string[] = [];
    let loading = true;
    const listen = (...lines: unknown[]) => {
      if (loading && wantsGpu) loadLog.push(lines.join(' '));
    };
    const logger = { ...keepFirstError(errors), debug: listen, log: listen };
    const runtime = new Wllama({ default: wasmUrl }, { logger });
    // The default would fetch another build from a CDN on Safari; nothing here comes from another host.
    runtime.setCompat(null);
    const hasProjector = projectors.length > 0;
    try {
      const loaded = runtime.loadModel(blobs, {
        n_ctx: options.contextTokens,
        ...(options.threads !== 'measure' && { n_threads: options.threads }),
        // None also keeps llama.cpp from asking for a GPU device at all.
        n_gpu_layers: wantsGpu ? ALL_LAYERS : 0,
        n_parallel: 1,
        warmup: false,
        ...(typeof options.batchTokens === 'number' && { n_ubatch: options.batchTokens }),
        // llama.cpp quantizes values only for flash attention.
        ...(options.kvType === 'q8_0' && { cache_type_k: 'q8_0', cache_type_v: 'q8_0', flash_attn: true }),
        ...(!wantsGpu && { log_level: LogLevel.ERROR }),
        ...(hasProjector && {
          chat_template: VERBATIM_TEMPLATE,
          jinja: true,
          skip_chat_parsing: true,
          mmproj_offload: wantsGpu,
        }),
      });
      // A worker of wllama that dies while loading answers nothing: a stop must not wait for it.
      await Promise.race([loaded, rejectOnStop(signal)]);
      // wllama itself takes a model that llama.cpp refused for a loaded one.
      if (!isLoaded(runtime.getLoadedContextInfo()))
        throw new FaultError(classifyRefusal(nameRefusal(errors[0], projectorType)));
      if (wantsGpu && !OFFLOADED.test(loadLog.join('\n'))) {
        throw new FaultError({
          kind: 'unsupported',
          detail: 'llama.cpp cannot use this graphics device: it needs 16-bit floats in shaders',
        });
      }
      loading = false;
      errors.length = 0;
    } catch (error) {
      // Its worker may hold gigabytes that the next engine needs.
      await runtime.exit();
      const fault = classify(error);
      // An assertion of llama.cpp, which says no more.
      const isAbort = fault.kind === 'engine' && fault.detail.startsWith('(ABORT)');
      throw new FaultError(isAbort ? classifyRefusal('llama.cpp stopped itself while loading') : fault, {
        cause: error,
      });
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
      kvType: options.kvType ?? 'f16',
      readsControlText: true,
      batchTokens: context.n_ubatch,
      // As llama.cpp counts them: the output layer is one.
      layersOnGpu: options.backend === 'webgpu' ? context.n_layer + 1 : 0,
      ...(gpu !== undefined && { adapter: gpu.name }),
    };
    const acceptsImages = hasProjector && runtime.supportInputModality('image');
    const explain = (error: unknown) => classify(findCause(error, errors));
    // Where our library lacks the tokenizer, llama.cpp's own beginning of text is put before the template's.
    const tokenizer = readTokenizer(weights).catch(() => undefined);
    const write = async (prompt: Prompt) => {
      const read = await tokenizer;
      return read === undefined ? promptText(prompt) : dropWrittenBos(read, promptText(prompt));
    };
    return {
      info,
      acceptsImages,
      async *complete(input, sampling, stopSignal) {
        if (!acceptsImages && (input.images ?? []).length > 0)
          throw new FaultError({ kind: 'unsupported', detail: 'this model was opened for text only' });
        errors.length = 0;
        return yield* complete(runtime, write, input, sampling, stopSignal, explain);
      },
      score: createForcedScorer(weights, (request) => runtime.createCompletion(request as never), explain),
      close: () => runtime.exit(),
    };
  },
};

const MAX_ERROR_LENGTH = 300;

/** A logger that keeps the first error, which tells why something failed, and is silent otherwise. */
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
  write: (prompt: Prompt) => Promise<string>,
  input: Parameters<Session['complete']>[0],
  sampling: Parameters<Session['complete']>[1],
  signal: AbortSignal,
  explain: (error: unknown) => Fault,
): AsyncGenerator<Token, CompletionEnd, void> {
  throwIfStopped(signal);
  try {
    const settings = {
      stream: true as const,
      max_tokens: sampling.maxTokens,
      temperature: sampling.temperature,
      top_p: sampling.topP,
      top_k: sampling.topK,
      // llama.cpp would cut off what is less likely than a twentieth of the likeliest, which nobody asked for.
      min_p: 0,
      seed: sampling.seed,
      stop: [...input.stop],
      ...(input.alternatives !== undefined && {
        n_probs: input.alternatives,
        logprobs: input.alternatives,
      }),
      ...(input.fresh === true && { cache_prompt: false }),
      abortSignal: signal,
    };
    const chunks: AsyncIterable<RawCompletionChunk | ChatCompletionChunk> =
      input.images === undefined || input.images.length === 0
        ? await runtime.createCompletion({ prompt: await write(input.prompt), ...settings })
        : await runtime.createChatCompletion({
            messages: [{ role: 'user', content: makeParts(input.prompt, input.images) }],
            ...settings,
            // Another type in the chat interface.
            logprobs: input.alternatives !== undefined,
          });
    let last: RawCompletionChunk | ChatCompletionChunk | undefined;
    let reason: CompletionEnd['reason'] = 'stop';
    for await (const chunk of chunks) {
      throwIfStopped(signal);
      last = chunk;
      const [choice] = chunk.choices;
      if (choice?.finish_reason === 'length') reason = 'length';
      if (choice === undefined) continue;
      const likely = input.alternatives === undefined ? undefined : readLikely(choice);
      const text = 'text' in choice ? choice.text : (choice.delta.content ?? '');
      if (text !== '' || likely !== undefined) yield { text, ...likely };
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
    throw error instanceof FaultError ? error : new FaultError(explain(error), { cause: error });
  }
}

/** The prompt as llama.cpp takes it: text, image, text. @throws FaultError `bad-input` */
function makeParts(prompt: Prompt, images: readonly ChatImage[]): ChatCompletionMessageContent[] {
  const texts = splitAtImages(prompt, images.length);
  if (texts.some((text) => text.includes(IMAGE_MARKER))) {
    throw badInput('prompt', `llama.cpp takes the word ${IMAGE_MARKER} in it for another image`);
  }
  return texts.flatMap((text, index): ChatCompletionMessageContent[] => {
    const image = images[index];
    const part: ChatCompletionMessageContent = { type: 'text', text };
    // A copy: the engine's worker takes the memory of what it is given.
    return image === undefined ? [part] : [part, { type: 'image', data: image.bytes.slice().buffer }];
  });
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

/** Of an image projector llama.cpp's log says only that it failed. */
function nameRefusal(error: string | undefined, projectorType: string | undefined): string | undefined {
  return error?.includes('Failed to load CLIP model') === true
    ? `llama.cpp cannot read this image projector (mmproj), of the type '${projectorType ?? ''}'`
    : error;
}

/** Why llama.cpp did not load a model whose header is sound: another engine may. */
function classifyRefusal(detail = 'llama.cpp refused the model'): Fault {
  const fault = classify(new Error(detail));
  return fault.kind === 'engine' ? { kind: 'unsupported', detail } : fault;
}

/**
 * wllama answers an exception inside llama.cpp with no result, and fails on that; only its log has the exception. One
 * that is met in practice: a token that is no whole character, which it cannot put into its JSON.
 */
function findCause(error: unknown, errors: readonly string[]): unknown {
  const [cause] = errors;
  const isUnexplained = error instanceof Error && error.message.includes('Invalid typed array length');
  return isUnexplained && cause !== undefined ? new Error(`llama.cpp: ${cause}`, { cause: error }) : error;
}

function classify(error: unknown): Fault {
  const fault = toFault(error);
  if (fault.kind !== 'engine') return fault;
  // As ggml's WebGPU backend reports it.
  if (/device.{0,4}lost/i.test(fault.detail)) return { kind: 'device-lost', detail: fault.detail };
  if (/exceeds the available context size/.test(fault.detail)) {
    return { kind: 'bad-input', what: 'prompt', detail: fault.detail };
  }
  if (/Failed to load image/.test(fault.detail)) {
    return { kind: 'bad-input', what: 'image', detail: 'llama.cpp cannot read it as a PNG or JPEG' };
  }
  return /out of memory|memory access|alloc|failed to grow/i.test(fault.detail)
    ? { kind: 'out-of-memory', detail: fault.detail }
    : fault;
}
