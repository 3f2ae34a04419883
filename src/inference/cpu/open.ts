import { matricesInFileOrder } from '../architectures/weights';
import type { Hyperparameters, ModelDescription } from '../architectures/architecture';
import type { BackendOptions } from '../decoding/backend';
import { InferenceError } from '../errors';
import type { ByteSource } from '../gguf/types';
import { CpuBackend } from './backend';
import type { CpuInfo } from './backend';
import { chooseBuild, compileBinary, createMemory, fetchBinary, instantiate, probeDotMode } from './binary';
import type { DotMode, EngineExports, SimdBuild } from './binary';
import { chooseKernels, describeKernels } from './kernel-choice';
import type { KernelChoice } from './layout';
import { checkBlock } from './check-block';
import { planFrames } from './frames';
import type { MatrixType, ModelPlan } from './frames';
import { checkLayout, layOut, stackTop, writeModel } from './layout';
import type { MemoryLayout } from './layout';
import { loadWeights, stagingBytes } from './loader';
import { Runtime } from './runtime';
import { ThreadChoice, threadCandidates } from './thread-choice';
import { canShareMemory, startThread } from './threads';
import type { ThreadHandle } from './threads';

const DEFAULT_CONTEXT = 2048;
const MAX_THREADS = 16;
const MAX_LOGITS = 16;
const ENGINE_THREADS_LIMIT = 255;
/** For all sizes of a chunk together. */
const CHUNK_BUDGET_MS = 1_000;
/** Another size than the usual one must be worth it. */
const CLEARLY_FASTER = 0.95;
const FLOAT_TYPES: readonly MatrixType[] = ['F32', 'F16', 'BF16'];

export interface CpuOptions extends BackendOptions {
  /** Threads to compute with. `measure` (default): tries counts up to the device's cores and keeps watching. */
  readonly threads?: number | 'measure';
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
    throw new InferenceError('bad-input', `${count} threads`);
  }
  return count;
}

function layOutFor(h: Hyperparameters, plan: ModelPlan, options: CpuOptions, threads: number): MemoryLayout {
  const context = options.contextTokens ?? Math.min(h.trainedContext, DEFAULT_CONTEXT);
  if (!Number.isInteger(context) || context < 1 || context > 1 << 20) {
    throw new InferenceError('bad-input', `a context of ${context} tokens`);
  }
  // There is no row for a position beyond the learned ones.
  const most = plan.block.learnedPositions ? Math.max(8, Math.floor(h.trainedContext / 8) * 8) : Infinity;
  const padded = Math.min(most, Math.ceil(context / 8) * 8);
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
  { chunkTokens }: CpuOptions,
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
  options: CpuOptions,
  onDeath: (error: InferenceError) => void,
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
}

/**
 * Opens the CPU backend. What the header tells (facts that the kernels lack, tensor types, too little memory) is refused
 * before any weight is read: InferenceError `unsupported`, `bad-file`, `out-of-memory`.
 */
export async function openCpu(
  model: ModelDescription,
  sources: readonly ByteSource[],
  options: CpuOptions,
  signal?: AbortSignal,
): Promise<CpuBackend> {
  const { h } = model;
  checkBlock(model.block);
  const plan = planFrames(model);
  const most = wantedThreads(options.threads);
  const layout = layOutFor(h, plan, options, most);
  let dead: InferenceError | undefined;
  let started: Runtime | undefined;
  const machine = await startMachine(layout, plan, options, (error) => {
    dead ??= error;
    started?.stop(error);
  });
  const { engine, memory, workers } = machine;
  const candidates = typeof options.threads === 'number' ? [most] : threadCandidates(most);
  try {
    const shiftOf = await loadWeights(sources, h, plan, machine, options.onProgress, signal);
    const view = new DataView(memory.buffer);
    writeModel(view, h, plan, layout, machine.kernels, shiftOf);
    if (engine.scratchBytes(layout.model) > layout.scratchBytes)
      throw new InferenceError('engine', 'the scratch space is too small');
    workers.forEach((worker, index) => worker.work(layout.model, index + 1, layout.buffers.sync));
    const runtime = new Runtime(
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
    const info: CpuInfo = {
      kind: 'cpu',
      sequences: 1,
      build: machine.build,
      dotMode: machine.kernels.dotMode,
      kernels: describeKernels(machine.kernels, machine.build, plan),
      get threads() {
        return runtime.decodeThreads.best;
      },
      maxThreads: most,
      kvType: layout.options.kvType,
      chunkTokens: runtime.chunkTokens,
      weightBytes: layout.weightBytes,
      memoryBytes: layout.totalBytes,
    };
    return new CpuBackend(runtime, info, () => {
      if (workers.length > 0) engine.quit(layout.model);
      for (const worker of workers) worker.stop();
    });
  } catch (error) {
    for (const worker of workers) worker.stop();
    throw error;
  }
}
