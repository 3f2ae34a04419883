import type { Backend, BackendInfo, Row, ScaledAdapter, Step, Want } from '../decoding/backend';
import { InferenceError } from '../errors';
import { elementAt } from '../element-at';
import type { DotMode, SimdBuild } from './binary';
import type { TypeKernels } from './kernel-choice';
import type { Runtime } from './runtime';

export interface CpuInfo extends BackendInfo {
  readonly kind: 'cpu';
  readonly build: SimdBuild;
  readonly dotMode: DotMode;
  /** For each integer type of the matrices, how they are multiplied: probed and, where there is a choice, measured. */
  readonly kernels: Readonly<Record<string, TypeKernels>>;
  /** Threads that decoding uses at the moment; changes while `measure` watches. */
  readonly threads: number;
  readonly maxThreads: number;
}

const NO_LOGITS = new Float32Array(0);

/** The kernels behind the interface that decoding knows. They keep one sequence. */
export class CpuBackend implements Backend<CpuInfo> {
  readonly contextTokens: number;
  readonly chunkTokens: number;
  readonly mostRows: number;
  readonly #runtime: Runtime;
  readonly #release: () => void;

  constructor(
    runtime: Runtime,
    readonly info: CpuInfo,
    release: () => void,
  ) {
    this.#runtime = runtime;
    this.#release = release;
    this.contextTokens = runtime.layout.options.context;
    this.chunkTokens = runtime.chunkTokens;
    this.mostRows = runtime.maxLogits;
  }

  async extend(
    sequence: number,
    ids: readonly number[],
    position: number,
    signal?: AbortSignal,
  ): Promise<void> {
    checkSequence(sequence);
    await this.#runtime.extend(ids, position, signal);
  }

  rows(from: number, count: number, want: Want, pick: readonly number[] = []): Promise<readonly Row[]> {
    return settle(() => {
      this.#runtime.project(from, count, hasStats(want));
      return Array.from({ length: count }, (_, row) => this.#readRow(row, want, pick));
    });
  }

  async step(batch: readonly Step[], signal?: AbortSignal): Promise<readonly Row[]> {
    const [only] = batch;
    if (only === undefined || batch.length > 1) {
      throw new InferenceError('unsupported', `a batch of ${batch.length} sequences on the CPU`);
    }
    const { sequence, id, position, want } = only;
    checkSequence(sequence);
    await this.#runtime.step(id, position, hasStats(want), signal);
    return [this.#readRow(0, want, [])];
  }

  /** Nothing to do: later positions are overwritten, and attention looks at earlier ones only. */
  truncate(sequence: number): Promise<void> {
    return settle(() => checkSequence(sequence));
  }

  share(from: number, to: number): Promise<void> {
    return settle(() => {
      checkSequence(from);
      checkSequence(to);
    });
  }

  adapt(sequence: number, adapters: readonly ScaledAdapter[]): Promise<void> {
    return settle(() => {
      checkSequence(sequence);
      if (adapters.length > 0) {
        throw new InferenceError('unsupported', 'adapters on the CPU: merge them into the weights');
      }
    });
  }

  stop(reason: InferenceError): void {
    this.#runtime.stop(reason);
  }

  close(): void {
    this.#release();
  }

  #readRow(row: number, want: Want, pick: readonly number[]): Row {
    const logits = this.#runtime.logits(row);
    const picked = pick.length === 0 ? NO_LOGITS : Float32Array.from(pick, (id) => elementAt(logits, id));
    if (!hasStats(want)) {
      return want === 'argmax'
        ? { argmax: argmax(logits), logSumExp: NaN, picked, logits: NO_LOGITS }
        : { argmax: -1, logSumExp: NaN, picked, logits };
    }
    const stats = this.#runtime.stats(row);
    return {
      argmax: stats.argmax,
      logSumExp: stats.logSumExp,
      picked,
      logits: want === 'all' ? logits : NO_LOGITS,
    };
  }
}

/** The outcome of something that is computed at once: what it throws rejects. */
function settle<T>(compute: () => T): Promise<T> {
  return new Promise((resolve) => resolve(compute()));
}

function hasStats(want: Want): boolean {
  return want === 'stats' || want === 'all';
}

function checkSequence(sequence: number): void {
  if (sequence !== 0) {
    throw new InferenceError('unsupported', `sequence ${sequence}: the CPU keeps one, number 0`);
  }
}

function argmax(logits: Float32Array): number {
  let best = 0;
  let most = logits[0] ?? 0;
  for (let id = 1; id < logits.length; id++) {
    const value = logits[id] ?? 0;
    if (value > most) {
      most = value;
      best = id;
    }
  }
  return best;
}
