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
import { addressOf, frameOf } from './layout';
import type { MemoryLayout } from './layout';
import type { MatrixPlan, ModelPlan } from './frames';
import type { ThreadHandle } from './threads';
import { InferenceError } from '../errors';
import type { ByteSource, GgufTensor } from '../gguf/types';

/** Raw bytes read at once; whole groups of 8 rows, so one group may exceed it. */
const CHUNK_BYTES = 8 << 20;
/** Reads under way ahead of the one being repacked. */
const READ_AHEAD = 2;
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

/** Bytes of staging space for `threads` threads: one chunk each and one being filled. */
export function stagingBytes(plan: ModelPlan, threads: number): number {
  let most = 0;
  for (const matrix of matricesInFileOrder(plan)) {
    most = Math.max(most, rowBytes(matrix) * Math.min(chunkRows(matrix), matrix.rows));
  }
  return (Math.ceil(most / 64) * 64 + 64) * (threads + 1);
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
  const slotBytes = stagingBytes(plan, 0);
  const slots = workers.map((worker, index) => ({
    worker,
    at: layout.staging + index * slotBytes,
    job: undefined as Promise<void> | undefined,
  }));
  const ownSlot = layout.staging + workers.length * slotBytes;

  const finish = ({ matrix, rows }: Chunk, over: number) => {
    if (over) overflowed.add(matrix);
    doneBytes = Math.min(totalBytes, doneBytes + rows * rowBytes(matrix));
    onProgress?.(doneBytes, totalBytes);
  };
  const take = (chunk: Chunk, bytes: Uint8Array) => {
    const { matrix, firstRow, rows, shift } = chunk;
    const address = addressOf(layout, matrix) + (firstRow / 8) * matrix.groupBytes;
    const frame = frameOf(matrix, kernels.dotMode);
    const slot = slots.find(({ job }) => !job);
    const source = slot?.at ?? ownSlot;
    if (matrix.halved)
      interleaveRows(bytes, rowBytes(matrix), matrix.halved, heap.subarray(source, source + bytes.length));
    else heap.set(bytes, source);
    if (!slot) {
      finish(chunk, engine.repack(frame, source, rows, matrix.columns, address, shift));
      return;
    }
    slot.job = slot.worker
      .repack({ frame, source, rows, columns: matrix.columns, target: address, shift })
      .then((over) => {
        slot.job = undefined;
        finish(chunk, over);
      });
    // A failure surfaces where the jobs are awaited.
    slot.job.catch(() => undefined);
  };
  const drain = async (chunks: Iterable<Chunk>) => {
    const reading: { chunk: Chunk; bytes: Promise<Uint8Array> }[] = [];
    const iterator = chunks[Symbol.iterator]();
    for (;;) {
      while (reading.length <= READ_AHEAD) {
        const next = iterator.next();
        if (next.done === true) break;
        const chunk = next.value;
        const { tensor } = chunk.matrix;
        const size = rowBytes(chunk.matrix);
        const bytes = elementAt(sources, tensor.part).read(
          tensor.offset + chunk.firstRow * size,
          chunk.rows * size,
          signal,
        );
        bytes.catch(() => undefined);
        reading.push({ chunk, bytes });
      }
      const first = reading.shift();
      if (!first) break;
      const bytes = await first.bytes;
      signal?.throwIfAborted();
      if (bytes.length !== first.chunk.rows * rowBytes(first.chunk.matrix)) {
        throw new InferenceError(
          'read-failed',
          `a read of ${first.chunk.matrix.tensor.name} came back with a wrong length`,
        );
      }
      take(first.chunk, bytes);
    }
    await Promise.all(slots.flatMap(({ job }) => job ?? []));
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
