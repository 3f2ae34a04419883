import { elementAt } from '../element-at';
import { InferenceError } from '../errors';
import { readVector } from '../gguf/read-vector';
import type { ByteSource } from '../gguf/types';
import { dequantise } from '../quantisation/dequantise';
import { USAGE } from './memory';
import type { DeviceMemory } from './memory';
import type { GpuMatrix, RowRange } from './matrix-plan';
import { splitRows } from './matrix-plan';
import { measurePlanes, PLANE_LAYOUTS, UNIT } from './planes';
import type { PlaneSizes, RowPlanes } from './planes';

/** Raw bytes read at once; whole units of rows, so one of these may exceed it. */
const CHUNK_BYTES = 8 << 20;
/** Bytes on their way to the device before we wait for it. */
const MOST_QUEUED_BYTES = 64 << 20;

/** A part of a matrix in the device's memory. */
export interface LoadedPart {
  readonly codes: GPUBuffer;
  readonly extra: GPUBuffer;
  readonly rows: number;
  /** Of its first row among all that its kernel knows. */
  readonly rowBase: number;
  readonly sizes: PlaneSizes;
  readonly hasBias: boolean;
}

export interface LoadedMatrix {
  readonly matrix: GpuMatrix;
  readonly parts: readonly LoadedPart[];
}

/** Writes to the device and waits where too much is on its way. */
export class UploadQueue {
  #queued = 0;

  constructor(readonly device: GPUDevice) {}

  async write(buffer: GPUBuffer, offset: number, data: Uint32Array | Float32Array): Promise<void> {
    if (data.length === 0) return;
    this.device.queue.writeBuffer(buffer, offset, data);
    this.#queued += data.byteLength;
    if (this.#queued < MOST_QUEUED_BYTES) return;
    this.#queued = 0;
    await this.device.queue.onSubmittedWorkDone();
  }
}

/** Creates the buffers of a matrix, in parts where one binding cannot hold it. */
export function allocateMatrix(memory: DeviceMemory, matrix: GpuMatrix): LoadedMatrix {
  const { device } = memory;
  const most = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  const layout = PLANE_LAYOUTS[matrix.type];
  const create = (label: string, words: number) =>
    memory.create(`${matrix.name} ${label}`, words, USAGE.storage | USAGE.copyTo);
  const parts = splitRows(matrix, most).map(({ from, count }) => {
    // Kernels read whole units of two, and rows beyond the last are not read.
    const rows = Math.ceil(count / 8) * 8;
    const sizes = measurePlanes(layout, rows, matrix.columns, matrix.hasBias);
    return {
      codes: create('codes', sizes.codeWords),
      extra: create('extra', sizes.extraWords),
      rows: count,
      rowBase: matrix.rowBase + from,
      sizes,
      hasBias: matrix.hasBias,
    };
  });
  return { matrix, parts };
}

/** Bytes that the buffers of a matrix take. */
export function matrixBytes({ parts }: LoadedMatrix): number {
  return parts.reduce((sum, { codes, extra }) => sum + codes.size + extra.size, 0);
}

/**
 * Reads a matrix piece by piece, never whole, and writes its planes to the device. Rejects as the source does, and with
 * `read-failed` for a read of a wrong length.
 */
export async function uploadMatrix(
  queue: UploadQueue,
  sources: readonly ByteSource[],
  { matrix, parts }: LoadedMatrix,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const rowBytes = Math.max(...matrix.sources.map(({ matrix: each }) => each.tensor.bytes / each.rows));
  const step = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes / matrix.unitRows)) * matrix.unitRows;
  for (const part of parts) {
    const first = part.rowBase - matrix.rowBase;
    for (let from = 0; from < part.rows; from += step) {
      const range = { from: first + from, count: Math.min(step, part.rows - from) };
      const rows = await readRows(sources, matrix, range, onBytes, signal);
      await writeRows(queue, matrix, part, from, rows);
    }
    if (part.hasBias) await writeBias(queue, sources, matrix, part, signal);
  }
}

/** Each row's bytes as they are in the file, in the device's order. */
async function readRows(
  sources: readonly ByteSource[],
  matrix: GpuMatrix,
  { from, count }: RowRange,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<{ readonly source: number; readonly bytes: Uint8Array }[]> {
  const places = Array.from({ length: count }, (_, index) => matrix.placeOf(from + index));
  const ranges = await Promise.all(
    matrix.sources.map(async ({ matrix: { tensor, rows } }, source) => {
      const wanted = places.filter((place) => place.source === source).map(({ row }) => row);
      if (wanted.length === 0) return undefined;
      const size = tensor.bytes / rows;
      const first = wanted.reduce((a, b) => Math.min(a, b));
      const length = (wanted.reduce((a, b) => Math.max(a, b)) - first + 1) * size;
      const bytes = await elementAt(sources, tensor.part).read(tensor.offset + first * size, length, signal);
      signal?.throwIfAborted();
      if (bytes.length !== length) {
        throw new InferenceError('read-failed', `a read of ${tensor.name} came back with a wrong length`);
      }
      onBytes(length);
      return { first, size, bytes };
    }),
  );
  return places.map(({ source, row }) => {
    const range = ranges[source];
    if (!range) throw new RangeError(`row ${row} of source ${source} was not read`);
    const at = (row - range.first) * range.size;
    return { source, bytes: range.bytes.subarray(at, at + range.size) };
  });
}

/** Puts rows into planes and writes these: `from` counts from the part's first row and is a multiple of 8. */
async function writeRows(
  queue: UploadQueue,
  matrix: GpuMatrix,
  { codes, extra, sizes }: LoadedPart,
  from: number,
  rows: readonly { readonly source: number; readonly bytes: Uint8Array }[],
): Promise<void> {
  const layout = PLANE_LAYOUTS[matrix.type];
  const padded = Math.ceil(rows.length / 8) * 8;
  const chunk = measurePlanes(layout, padded, matrix.columns, false);
  const units = padded * sizes.units;
  const scales = new Uint16Array(Math.ceil((units * layout.scaleBytes) / 4) * 2);
  const planes = {
    codes: new Uint32Array(chunk.codeWords),
    high: new Uint32Array(units * layout.highWords),
    scales,
    supers: new Uint32Array(layout.isSuper ? units / 8 : 0),
  };
  const blocks = matrix.columns / layout.blockValues;
  rows.forEach(({ source, bytes }, index) => {
    const unit = index * sizes.units;
    const to: RowPlanes = {
      ...planes,
      codesAt: unit * layout.codeWords,
      highAt: unit * layout.highWords,
      scalesAt: (unit * layout.scaleBytes) / 2,
      supersAt: unit / 8,
    };
    const { type } = elementAt(matrix.sources, source).matrix.tensor;
    const own = type === matrix.type ? bytes : new Uint8Array(dequantise(type, bytes).buffer);
    layout.repack(asHalves(own), blocks, to);
  });
  const first = from * sizes.units;
  await queue.write(codes, first * layout.codeWords * 4, planes.codes);
  await queue.write(extra, first * layout.highWords * 4, planes.high);
  await queue.write(extra, sizes.scalesAt * 4 + first * layout.scaleBytes, new Uint32Array(scales.buffer));
  await queue.write(extra, (sizes.superAt + first / 8) * 4, planes.supers);
}

/** The same bytes as 16-bit words; a copy where they do not begin at an even place. */
function asHalves(bytes: Uint8Array): Uint16Array {
  const even = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(even.buffer, even.byteOffset, even.length / 2);
}

async function writeBias(
  queue: UploadQueue,
  sources: readonly ByteSource[],
  matrix: GpuMatrix,
  part: LoadedPart,
  signal?: AbortSignal,
): Promise<void> {
  const biases: (Float32Array | undefined)[] = [];
  for (const { bias } of matrix.sources) biases.push(bias && (await readVector(sources, bias, signal)));
  const first = part.rowBase - matrix.rowBase;
  const values = Float32Array.from({ length: part.rows }, (_, index) => {
    const { source, row } = matrix.placeOf(first + index);
    return biases[source]?.[row] ?? 0;
  });
  await queue.write(part.extra, part.sizes.biasAt * 4, values);
}

/** Floats of a row of activations whose columns are padded to whole units. */
export function padColumns(columns: number): number {
  return Math.ceil(columns / UNIT) * UNIT;
}
