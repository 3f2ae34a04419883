import { chooseBuild, compileBinary, fetchBinary } from './binary';
import type { DotMode, SimdBuild } from './binary';
import type { RooflineReply, RooflineRequest } from './roofline.worker';
import type { LoopKernel, RooflineLoop } from './roofline-loops';
import { canShareMemory } from './threads';
import { InferenceError } from '../errors';

/** More than the caches of today's devices hold together. */
const BUFFER_BYTES = 128 << 20;
const MIN_THREAD_BYTES = 16 << 20;
const STEP_BYTES = 4 << 20;
const MAX_THREADS = 16;
/** Other load only ever slows a window down, so the fastest of several counts. */
const WINDOWS = 3;

export interface RooflineOptions {
  /** Default: the device's logical cores, one where pages cannot run the engine on several. */
  readonly threads?: number;
  /** Time for each of the four figures. Default 450. */
  readonly milliseconds?: number;
  readonly build?: SimdBuild;
  /** Whose multiply-add is measured; default: the fastest that this device's dot product allows. */
  readonly kernel?: LoopKernel;
}

export interface RooflinePoint {
  readonly threads: number;
  /** Reading memory that is larger than the caches. */
  readonly readBytesPerSecond: number;
  /** int8 multiply-adds in registers, each counted as two operations. */
  readonly dotOpsPerSecond: number;
}

/** The device's limits with all threads, and with one. */
export interface Roofline extends RooflinePoint {
  readonly build: SimdBuild;
  readonly dotMode: DotMode;
  readonly kernel: LoopKernel;
  readonly oneThread: RooflinePoint;
}

/** One thread that measures. */
interface Gauge {
  ask(request: RooflineRequest): Promise<Extract<RooflineReply, { ok: true }>>;
  stop(): void;
}

/**
 * Measures what this device can do at most with the instructions of the engine's build (S. Williams, A. Waterman,
 * D. Patterson, "Roofline", CACM 52, 2009). Computes in workers of its own; takes about four times `milliseconds`.
 * Rejects with InferenceError `unsupported`, `bad-input`, `read-failed`, `engine`, or the signal's reason.
 */
export async function measureRoofline(
  options: RooflineOptions = {},
  signal?: AbortSignal,
): Promise<Roofline> {
  signal?.throwIfAborted();
  const threads = options.threads ?? defaultThreads();
  if (!Number.isInteger(threads) || threads < 1 || threads > 255)
    throw new InferenceError('bad-input', `${threads} threads`);
  const build = chooseBuild(BUFFER_BYTES, options.build);
  const module = await compileBinary(await fetchBinary(build), false);
  const windowMs = (options.milliseconds ?? 450) / WINDOWS;
  const measured = (count: number) =>
    measureTeam(count, { module, build, kernel: options.kernel }, windowMs, signal);
  const one = await measured(1);
  const all = threads === 1 ? one : await measured(threads);
  const { dotMode, kernel } = all;
  return { ...all.point, build, dotMode, kernel, oneThread: one.point };
}

async function measureTeam(
  threads: number,
  loops: {
    readonly module: WebAssembly.Module;
    readonly build: SimdBuild;
    readonly kernel: LoopKernel | undefined;
  },
  windowMs: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly point: RooflinePoint; readonly dotMode: DotMode; readonly kernel: LoopKernel }> {
  const bufferBytes = Math.max(MIN_THREAD_BYTES, Math.ceil(BUFFER_BYTES / threads / STEP_BYTES) * STEP_BYTES);
  signal?.throwIfAborted();
  const gauges = Array.from({ length: threads }, startGauge);
  const stopAll = () => {
    for (const gauge of gauges) gauge.stop();
  };
  const askAll = (request: RooflineRequest) => Promise.all(gauges.map((gauge) => gauge.ask(request)));
  const best = async (loop: RooflineLoop) => {
    let most = 0;
    for (let window = 0; window < WINDOWS; window++) {
      const replies = await askAll({ kind: 'measure', loop, milliseconds: windowMs });
      most = Math.max(
        most,
        replies.reduce((sum, { value }) => sum + value, 0),
      );
    }
    return most;
  };
  const measure = async () => {
    const { module, build, kernel } = loops;
    const start = { kind: 'start', module, build, bufferBytes, ...(kernel && { kernel }) } as const;
    const [first] = await askAll(start);
    const readBytesPerSecond = await best('read');
    const dotOpsPerSecond = await best('dot');
    return {
      point: { threads, readBytesPerSecond, dotOpsPerSecond },
      dotMode: first?.dotMode ?? 'saturating',
      kernel: first?.kernel ?? 'pairs',
    };
  };
  let onAbort = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    signal?.addEventListener('abort', onAbort);
  });
  try {
    const measured = await Promise.race([measure(), aborted]);
    if (measured !== undefined) return measured;
    throw signal?.reason;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stopAll();
  }
}

function defaultThreads(): number {
  if (!canShareMemory()) return 1;
  return Math.min(
    (globalThis.navigator as { readonly hardwareConcurrency?: number } | undefined)?.hardwareConcurrency ?? 1,
    MAX_THREADS,
  );
}

function startGauge(): Gauge {
  const worker = new Worker(new URL('./roofline.worker.ts', import.meta.url), {
    type: 'module',
    name: 'roofline',
  });
  let settle: ((reply: RooflineReply) => void) | undefined;
  worker.onmessage = ({ data }: MessageEvent<RooflineReply>) => settle?.(data);
  worker.onerror = (event) => settle?.({ ok: false, message: event.message });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        settle = (reply) => {
          if (reply.ok) resolve(reply);
          else reject(new InferenceError('engine', `the roofline could not be measured: ${reply.message}`));
        };
        worker.postMessage(request);
      }),
    stop: () => worker.terminate(),
  };
}
