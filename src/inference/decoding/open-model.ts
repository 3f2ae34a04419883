import {
  chooseBuild,
  compileBinary,
  createMemory,
  fetchBinary,
  instantiate,
  probeDotMode,
} from '../cpu/binary';
import type { DotMode, EngineExports, SimdBuild } from '../cpu/binary';
import { chooseKernels, describeKernels } from '../cpu/kernel-choice';
import type { KernelChoice, TypeKernels } from '../cpu/kernel-choice';
import { generate } from './generate';
import type { GenerateOptions, GenerateResult, GeneratedToken } from './generate';
import { parseGguf } from '../gguf/parse';
import { readHyperparameters } from '../architectures/hyperparameters';
import type { Hyperparameters } from '../architectures/hyperparameters';
import { checkLayout, layOut, stackTop, writeModel } from '../cpu/layout';
import type { KvType, MemoryLayout } from '../cpu/layout';
import { loadWeights, stagingBytes } from '../cpu/loader';
import { matricesInFileOrder, planModel } from '../architectures/plan';
import type { MatrixType, ModelPlan } from '../architectures/plan';
import { Runtime } from '../cpu/runtime';
import { allLogits, score } from './score';
import type { Continuation, ContinuationScore } from './score';
import { ThreadChoice, threadCandidates } from '../cpu/thread-choice';
import { canShareMemory, startThread } from '../cpu/threads';
import type { ThreadHandle } from '../cpu/threads';
import { checkVocabularySize, createTokenizer } from '../tokenizer/tokenizer';
import type { DecodeOptions, EncodeOptions, Tokenizer } from '../tokenizer/tokenizer';
import { SimdError } from '../gguf/types';
import type { ByteSource } from '../gguf/types';

const DEFAULT_CONTEXT = 2048;
const MAX_THREADS = 16;
const MAX_LOGITS = 16;
const ENGINE_THREADS_LIMIT = 255;
/** For all sizes of a chunk together. */
const CHUNK_BUDGET_MS = 1_000;
/** Another size than the usual one must be worth it. */
const CLEARLY_FASTER = 0.95;
const FLOAT_TYPES: readonly MatrixType[] = ['F32', 'F16', 'BF16'];

export interface OpenOptions {
  /** Threads to compute with. `measure` (default): tries counts up to the device's cores and keeps watching. */
  readonly threads?: number | 'measure';
  /** Positions of the KV cache. Default: what the model was trained for, at most 2048. */
  readonly contextTokens?: number;
  /** Precision of the KV cache. Default `f16`. */
  readonly kvType?: KvType;
  /** Forces a build; default: the fastest that runs here and can hold the model. */
  readonly build?: SimdBuild;
  /**
   * Forces the kernels for a dot product of this kind, for tests and measurements; default: this machine's. Those for
   * another kind give wrong results for Q8_0, except `saturating` on x86.
   */
  readonly dotMode?: DotMode;
  /**
   * Tokens of a prefill chunk. `measure`: tries some sizes for a second at most. Default: what is fastest on most
   * devices. Results do not depend on it, and it is not measured where they would in their last bits: floats.
   */
  readonly chunkTokens?: number | 'measure';
  /** Bytes of a build, where `fetch` cannot get them (Node). */
  readonly loadBinary?: (build: SimdBuild) => Promise<Uint8Array>;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface SimdModelInfo {
  readonly architecture: string;
  readonly build: SimdBuild;
  readonly dotMode: DotMode;
  /** For each integer type of the matrices, how they are multiplied: probed and, where there is a choice, measured. */
  readonly kernels: Readonly<Record<string, TypeKernels>>;
  /** Threads that decoding uses at the moment; changes while `measure` watches. */
  readonly threads: number;
  readonly maxThreads: number;
  readonly contextTokens: number;
  readonly kvType: KvType;
  /** Tokens of a prefill chunk. */
  readonly chunkTokens: number;
  readonly vocabulary: number;
  readonly layers: number;
  readonly parameters: number;
  readonly weightBytes: number;
  readonly memoryBytes: number;
  /** Tensor types by the bytes they have in the file, largest first. */
  readonly tensorTypes: readonly string[];
  readonly loadMs: number;
}

export interface SimdModel {
  readonly info: SimdModelInfo;
  readonly tokenizer: Tokenizer;
  tokenize(text: string, options?: EncodeOptions): number[];
  detokenize(ids: Iterable<number>, options?: DecodeOptions): string;
  /**
   * Continues a prompt. A string is tokenized with special tokens read as themselves and the model's own
   * beginning-of-text added. What the prompt shares with the last call is not computed again.
   * Rejects with `bad-input`, `engine` or the signal's reason.
   */
  generate(
    prompt: string | readonly number[],
    options?: GenerateOptions,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, GenerateResult, void>;
  /** Exact log-likelihoods of continuations of one prompt, which is computed once. Natural logarithms. */
  score(
    prompt: string | readonly number[],
    continuations: readonly Continuation[],
    signal?: AbortSignal,
  ): Promise<ContinuationScore[]>;
  /** Logits after every position: `ids.length` rows of `vocabulary`. */
  logits(ids: readonly number[], signal?: AbortSignal): Promise<Float32Array>;
  /** Ends the threads and frees the memory. Calls under way reject. */
  close(): void;
}

interface Machine {
  readonly engine: EngineExports;
  readonly memory: WebAssembly.Memory;
  readonly layout: MemoryLayout;
  readonly build: SimdBuild;
  readonly kernels: KernelChoice;
  readonly workers: readonly ThreadHandle[];
}

function wantedThreads(option: number | 'measure' | undefined): number {
  if (!canShareMemory()) return 1;
  const cores =
    (globalThis as { navigator?: { hardwareConcurrency: number } }).navigator?.hardwareConcurrency ?? 1;
  const count = typeof option === 'number' ? option : Math.min(cores, MAX_THREADS);
  if (!Number.isInteger(count) || count < 1 || count > ENGINE_THREADS_LIMIT) {
    throw new SimdError('bad-input', `${count} threads`);
  }
  return count;
}

function layOutFor(h: Hyperparameters, plan: ModelPlan, options: OpenOptions, threads: number): MemoryLayout {
  const context = options.contextTokens ?? Math.min(h.trainedContext, DEFAULT_CONTEXT);
  if (!Number.isInteger(context) || context < 1 || context > 1 << 20) {
    throw new SimdError('bad-input', `a context of ${context} tokens`);
  }
  const padded = Math.ceil(context / 8) * 8;
  const chunk = Math.max(...chunkCandidates(h, plan, options));
  return layOut(h, plan, {
    context: padded,
    kvType: options.kvType ?? 'f16',
    threads,
    maxTokens: Math.max(1, Math.min(chunk, padded)),
    maxLogits: MAX_LOGITS,
    stagingBytes: stagingBytes(plan, threads),
  });
}

/** The usual size first. */
function chunkCandidates(
  { dim }: Hyperparameters,
  plan: ModelPlan,
  { chunkTokens }: OpenOptions,
): readonly number[] {
  if (typeof chunkTokens === 'number') return [chunkTokens];
  const usual = dim >= 2048 ? 128 : 256;
  // Integer dot products are exact; sums of floats depend, in their last bits, on how the prompt is cut.
  const isExact = matricesInFileOrder(plan).every(({ type }) => !FLOAT_TYPES.includes(type));
  return chunkTokens === 'measure' && isExact ? [usual, usual / 2, usual * 2] : [usual];
}

async function startMachine(
  layout: MemoryLayout,
  plan: ModelPlan,
  options: OpenOptions,
  onDeath: (error: SimdError) => void,
): Promise<Machine> {
  const { threads } = layout.options;
  const build = chooseBuild(layout.totalBytes, options.build);
  const module = await compileBinary(await (options.loadBinary ?? fetchBinary)(build), threads > 1);
  const memory = createMemory(build, layout.totalBytes, threads > 1);
  const engine = await instantiate(module, memory, stackTop(layout, 0));
  checkLayout(engine);
  const starting = Array.from({ length: threads - 1 }, (_, index) =>
    startThread(module, memory, stackTop(layout, index + 1), onDeath),
  );
  const started = await Promise.allSettled(starting);
  const workers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = started.find((result) => result.status === 'rejected');
  if (failure) {
    for (const worker of workers) worker.stop();
    throw failure.reason;
  }
  const dotMode = options.dotMode ?? probeDotMode(engine);
  const kernels = await chooseKernels({ module, build, shared: threads > 1 }, dotMode, plan);
  return { engine, memory, layout, build, kernels, workers };
}

/** Tries thread counts on short runs, so that the first answer already runs with the best. */
async function measureThreads(runtime: Runtime, signal?: AbortSignal): Promise<void> {
  const { decodeThreads, prefillThreads, layers } = runtime;
  if (decodeThreads.candidates.length < 2) return;
  const tokens = Math.min(64, runtime.layout.options.maxTokens);
  await prefillThreads.measure(async (count) => {
    // The first run of each warms up caches and code.
    await runtime.probe(count, 4, signal);
    return (await runtime.probe(count, tokens, signal)) / tokens;
  });
  await decodeThreads.measure(async (count) => {
    await runtime.probe(count, 1, signal);
    const times = [await runtime.probe(count, 1, signal), await runtime.probe(count, 1, signal)];
    return Math.min(...times) * layers;
  });
  runtime.cached.length = 0;
}

/** Tries sizes of a prefill chunk, as far as the time lasts. */
async function measureChunk(
  runtime: Runtime,
  candidates: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  const sizes = [...new Set(candidates.map((count) => Math.min(count, runtime.layout.options.maxTokens)))];
  const [usual = runtime.chunkTokens] = sizes;
  runtime.chunkTokens = usual;
  if (sizes.length < 2) return;
  const endsAt = performance.now() + CHUNK_BUDGET_MS;
  const threads = runtime.prefillThreads.best;
  let bestMs = Infinity;
  for (const count of sizes) {
    // A layer is enough: they are all alike.
    const time = async () => (await runtime.probe(threads, count, signal, 1)) / count;
    if (bestMs < Infinity && performance.now() + bestMs * count > endsAt) continue;
    let ms = await time();
    if (performance.now() + ms * count < endsAt) ms = Math.min(ms, await time());
    if (count !== usual && ms > bestMs * CLEARLY_FASTER) continue;
    bestMs = ms;
    runtime.chunkTokens = count;
  }
  runtime.cached.length = 0;
}

/**
 * Opens a GGUF model from its file or its parts. Everything that can be known from the header (an unsupported
 * architecture or tensor type, a contradiction, too little memory) is refused before any weight is read:
 * SimdError `unsupported`, `bad-file`, `out-of-memory`. Call it in a worker: computing blocks its thread.
 */
export async function openModel(
  sources: readonly ByteSource[],
  options: OpenOptions = {},
  signal?: AbortSignal,
): Promise<SimdModel> {
  const startedAt = performance.now();
  const file = await parseGguf(sources, signal);
  const h = readHyperparameters(file.metadata);
  const plan = planModel(file, h);
  const tokenizer = createTokenizer(file.metadata);
  checkVocabularySize(tokenizer, plan.vocabulary);
  const most = wantedThreads(options.threads);
  const layout = layOutFor(h, plan, options, most);
  let dead: SimdError | undefined;
  let started: Runtime | undefined;
  const machine = await startMachine(layout, plan, options, (error) => {
    dead ??= error;
    started?.stop(error);
  });
  const { engine, memory, workers } = machine;
  const candidates = typeof options.threads === 'number' ? [most] : threadCandidates(most);
  let runtime: Runtime;
  try {
    const shiftOf = await loadWeights(sources, h, plan, machine, options.onProgress, signal);
    const view = new DataView(memory.buffer);
    writeModel(view, h, plan, layout, machine.kernels, shiftOf);
    if (engine.scratchBytes(layout.model) > layout.scratchBytes)
      throw new SimdError('engine', 'the scratch space is too small');
    workers.forEach((worker, index) => worker.work(layout.model, index + 1, layout.buffers.sync));
    runtime = new Runtime(
      engine,
      memory,
      layout,
      h.layers,
      plan.vocabulary,
      new ThreadChoice(candidates),
      new ThreadChoice(candidates),
    );
    started = runtime;
    if (dead) throw dead;
    await measureThreads(runtime, signal);
    await measureChunk(runtime, chunkCandidates(h, plan, options), signal);
  } catch (error) {
    for (const worker of workers) worker.stop();
    throw error;
  }
  const loadMs = performance.now() - startedAt;

  let closed = false;
  let last: Promise<unknown> = Promise.resolve();
  const check = () => {
    if (closed) throw new SimdError('engine', 'the model is closed');
    if (dead) throw dead;
  };
  /** Waits for the calls before; the returned function lets the next one in. */
  const enter = async (): Promise<() => void> => {
    const before = last;
    let leave = () => {};
    last = new Promise<void>((resolve) => (leave = resolve));
    await before;
    try {
      check();
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  };

  const bytesByType = new Map<string, number>();
  let parameters = 0;
  for (const { tensor, rows, columns } of matricesInFileOrder(plan)) {
    bytesByType.set(tensor.type, (bytesByType.get(tensor.type) ?? 0) + tensor.bytes);
    parameters += rows * columns;
  }
  const info: SimdModelInfo = {
    architecture: h.architecture,
    build: machine.build,
    dotMode: machine.kernels.dotMode,
    kernels: describeKernels(machine.kernels, machine.build, plan),
    get threads() {
      return runtime.decodeThreads.best;
    },
    maxThreads: most,
    contextTokens: layout.options.context,
    kvType: layout.options.kvType,
    chunkTokens: runtime.chunkTokens,
    vocabulary: plan.vocabulary,
    layers: h.layers,
    parameters,
    weightBytes: layout.weightBytes,
    memoryBytes: layout.totalBytes,
    tensorTypes: [...bytesByType].toSorted((a, b) => b[1] - a[1]).map(([type]) => type),
    loadMs,
  };
  const context = { runtime, tokenizer, vocabulary: plan.vocabulary, check };
  return {
    info,
    tokenizer,
    tokenize: (text, how) => tokenizer.encode(text, how),
    detokenize: (ids, how) => tokenizer.decode(ids, how),
    async *generate(prompt, how = {}, stop) {
      const leave = await enter();
      try {
        return yield* generate(context, prompt, how, stop);
      } finally {
        leave();
      }
    },
    async score(prompt, continuations, stop) {
      const leave = await enter();
      try {
        return await score(context, prompt, continuations, stop);
      } finally {
        leave();
      }
    },
    async logits(ids, stop) {
      const leave = await enter();
      try {
        return await allLogits(context, ids, stop);
      } finally {
        leave();
      }
    },
    close() {
      if (closed) return;
      closed = true;
      runtime.stop(new SimdError('engine', 'the model is closed'));
      if (workers.length > 0) engine.quit(layout.model);
      for (const worker of workers) worker.stop();
    },
  };
}
