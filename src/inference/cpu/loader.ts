import { elementAt } from '../element-at';
import type { EngineExports } from './binary';
import type { KernelChoice } from './layout';
import { localRopeFrequencies, ropeFrequencies } from '../architectures/rope-frequencies';
import { LAYER_VECTORS, matricesInFileOrder } from '../architectures/weights';
import type { LayerVector } from '../architectures/weights';
import type { Hyperparameters } from '../architectures/architecture';
import { readVector } from '../gguf/read-vector';
import { interleaveRows } from './interleave-rows';
import type { HalvedHeads } from './interleave-rows';
import { ropeTable } from './rope-table';
import { addressOf, repackingOf } from './layout';
import type { MemoryLayout } from './layout';
import type { MatrixPlan, ModelPlan } from './frames';
import type { ThreadHandle } from './threads';
import { InferenceError } from '../errors';
import type { ByteSource, GgufTensor } from '../gguf/types';

/** Raw bytes read at once; whole groups of 8 rows, so one group may exceed it. */
const CHUNK_BYTES = 8 << 20;
/** Chunks under way, read or repacked, beyond one for each thread: so many reads at once that the file never waits. */
const MORE_CHUNKS = 2;
/** f16 scales are stored times 2^11, unless that overflows (kernels/frames.h). */
const DEFAULT_SHIFT = 11;

interface Chunk {
  readonly matrix: MatrixPlan;
  readonly firstRow: number;
  readonly rows: number;
  readonly shift: number;
}

function rowBytes(matrix: MatrixPlan): number {
  return matrix.tensor.bytes / matrix.rows;
}

/** Whole groups, and whole heads where their rows are put in order. A head has a multiple of 4 rows. */
function chunkRows(matrix: MatrixPlan): number {
  const headDim = matrix.halved?.headDim ?? 8;
  const unit = headDim % 8 === 0 ? headDim : 2 * headDim;
  return Math.max(unit, Math.floor(CHUNK_BYTES / rowBytes(matrix) / unit) * unit);
}

/** Bytes of one chunk's staging space. */
function slotBytes(plan: ModelPlan): number {
  let most = 0;
  for (const matrix of matricesInFileOrder(plan)) {
    most = Math.max(most, rowBytes(matrix) * Math.min(chunkRows(matrix), matrix.rows));
  }
  return Math.ceil(most / 64) * 64 + 64;
}

/** Bytes of staging space when `threads` threads load. */
export function stagingBytes(plan: ModelPlan, threads: number): number {
  return slotBytes(plan) * (threads + MORE_CHUNKS);
}

function* chunksOf(matrix: MatrixPlan, shift: number): Generator<Chunk> {
  const step = chunkRows(matrix);
  for (let firstRow = 0; firstRow < matrix.rows; firstRow += step) {
    yield { matrix, firstRow, rows: Math.min(step, matrix.rows - firstRow), shift };
  }
}

export interface LoadTarget {
  readonly engine: EngineExports;
  readonly memory: WebAssembly.Memory;
  readonly layout: MemoryLayout;
  readonly kernels: KernelChoice;
  readonly workers: readonly ThreadHandle[];
}

/**
 * Reads every tensor once, in file order, and repacks it into the engine's memory, on the workers and here.
 * Returns the exponent shift of each matrix.
 */
export async function loadWeights(
  sources: readonly ByteSource[],
  h: Hyperparameters,
  plan: ModelPlan,
  target: LoadTarget,
  onProgress?: (doneBytes: number, totalBytes: number) => void,
  signal?: AbortSignal,
): Promise<(matrix: MatrixPlan) => number> {
  const { engine, memory, layout, kernels, workers } = target;
  const heap = new Uint8Array(memory.buffer);
  const putFloats = (values: Float32Array, at: number) => heap.set(new Uint8Array(values.buffer), at);

  const matrices = matricesInFileOrder(plan);
  const totalBytes = matrices.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  let doneBytes = 0;
  const overflowed = new Set<MatrixPlan>();
  const slot = slotBytes(plan);
  const slots = Array.from(
    { length: workers.length + 1 + MORE_CHUNKS },
    (_, index) => layout.staging + index * slot,
  );
  const idle = [...workers];

  const read = async ({ matrix, firstRow, rows }: Chunk, at: number) => {
    const source = elementAt(sources, matrix.tensor.part);
    const offset = matrix.tensor.offset + firstRow * rowBytes(matrix);
    const length = rows * rowBytes(matrix);
    const bytes = await source.read(offset, length, signal);
    if (bytes.length !== length) {
      throw new InferenceError(
        'read-failed',
        `a read of ${matrix.tensor.name} came back with a wrong length`,
      );
    }
    if (matrix.halved) interleaveRows(bytes, rowBytes(matrix), matrix.halved, heap.subarray(at, at + length));
    else heap.set(bytes, at);
  };
  const repack = async ({ matrix, firstRow, rows, shift }: Chunk, source: number) => {
    const address = addressOf(layout, matrix) + (firstRow / 8) * matrix.groupBytes;
    const frame = repackingOf(matrix, kernels.dotMode);
    const { columns } = matrix;
    const worker = idle.pop();
    // Where all workers are busy, here.
    if (!worker) return engine.repack(frame, source, rows, columns, address, shift);
    const over = await worker.repack({ frame, source, rows, columns, target: address, shift });
    idle.push(worker);
    return over;
  };
  const drain = async (chunks: Iterator<Chunk>) => {
    let failed = false;
    const lane = async (at: number) => {
      try {
        for (;;) {
          const next = chunks.next();
          if (next.done === true || failed) return;
          const chunk = next.value;
          await read(chunk, at);
          signal?.throwIfAborted();
          if (await repack(chunk, at)) overflowed.add(chunk.matrix);
          doneBytes = Math.min(totalBytes, doneBytes + chunk.rows * rowBytes(chunk.matrix));
          onProgress?.(doneBytes, totalBytes);
        }
      } catch (error) {
        failed = true;
        throw error;
      }
    };
    // All of them end before the memory may be given up.
    const ends = await Promise.allSettled(slots.map(lane));
    const failure = ends.find((end) => end.status === 'rejected');
    if (failure) throw failure.reason;
  };

  const put = async (tensor: GgufTensor | undefined, at: number, halved?: HalvedHeads) => {
    if (!tensor) return;
    const values = await readVector(sources, tensor, signal);
    if (!halved) {
      putFloats(values, at);
      return;
    }
    // In the order of the matrix's rows.
    const ordered = new Float32Array(values.length);
    interleaveRows(new Uint8Array(values.buffer), 4, halved, new Uint8Array(ordered.buffer));
    putFloats(ordered, at);
  };
  const stretch = layout.options.context > h.originalContext ? plan.ropeLong : plan.ropeShort;
  const divisors = plan.ropeFactors ?? stretch;
  const factors = divisors && (await readVector(sources, divisors, signal));
  const positions = layout.options.context;
  putFloats(ropeTable(ropeFrequencies(h, factors), positions, h.ropeMagnitude), layout.rope);
  if (layout.localRope > 0) putFloats(ropeTable(localRopeFrequencies(h), positions, 1), layout.localRope);
  await put(plan.outputNorm, layout.outputNorm);
  await put(plan.outputNormBias, layout.outputNormBias);
  await put(plan.outputBias, layout.outputBias);
  for (const [index, layer] of plan.layers.entries()) {
    const at = elementAt(layout.perLayer, index);
    const orders: Partial<Record<LayerVector, HalvedHeads | undefined>> = {
      qNorm: layer.q.halved,
      kNorm: layer.k.halved,
      qBias: layer.q.halved,
      kBias: layer.k.halved,
    };
    for (const name of LAYER_VECTORS) await put(layer[name], at[name], orders[name]);
  }
  await drain(
    (function* () {
      for (const matrix of matrices) yield* chunksOf(matrix, DEFAULT_SHIFT);
    })(),
  );
  const again = [...overflowed];
  for (const matrix of again) await drain(chunksOf(matrix, 0));
  return (matrix) => (again.includes(matrix) ? 0 : DEFAULT_SHIFT);
}
