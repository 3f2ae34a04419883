import { dequantise } from '../quantisation/dequantise';
import { elementAt } from '../element-at';
import { blockOf, DEFAULT_ALIGNMENT, parseGguf } from '../gguf/parse';
import { encodeGgufHeader } from '../gguf/encode-header';
import { readFactor, readLoraAdapter, readRightFactor } from './adapter';
import type { LoraAdapter, LoraUpdate } from './adapter';
import { readOptionalNumber, readOptionalString } from '../gguf/metadata';
import { canQuantise, quantise } from '../quantisation/quantise';
import type { QuantisedType } from '../quantisation/quantise';
import { InferenceError } from '../errors';
import type { ByteSource, GgufFile, GgufTensor, GgufTensorType } from '../gguf/types';

/** Values computed at once: 4 MB of floats. */
const CHUNK_VALUES = 1 << 20;
const COPY_BYTES = 8 << 20;
const MAX_COLUMNS = 1 << 20;
const MAX_SCALE = 1000;
/** The greatest half float: values, or the scales of their blocks, are stored as such in all types but these. */
const MAX_HALF = 65_504;
const WIDE_TYPES: readonly GgufTensorType[] = ['F32', 'BF16'];
/** What a merged tensor becomes whose own type `quantise` does not write. */
const FALLBACK_TYPE = 'Q8_0';

export interface LoraMergeReport {
  /** Of the new file. */
  readonly bytes: number;
  /** The least and the greatest of the adapter's matrices; most have one for all. */
  readonly ranks: readonly [least: number, most: number];
  /** What the adapter is scaled by besides, over the rank; 0 where its file names none. */
  readonly alpha: number;
  /** Names of the base's tensors that the adapter changes. */
  readonly targets: readonly string[];
  readonly mergedTensors: number;
  readonly keptTensors: number;
  /** Merged tensors that could not keep their type: K-quants become Q8_0. */
  readonly requantised: readonly {
    readonly name: string;
    readonly from: GgufTensorType;
    readonly to: GgufTensorType;
  }[];
  /** Tensors of the adapter that are no LoRA: whole norm vectors, which llama.cpp leaves out too. */
  readonly ignored: readonly string[];
}

/** A merge that was checked and is ready to be written. */
export interface LoraMerge extends LoraMergeReport {
  /** Calls `sink` with the new GGUF piece by piece, each after the last was taken; may be called again. */
  readonly write: (
    sink: (bytes: Uint8Array) => Promise<void>,
    signal?: AbortSignal,
    onProgress?: (doneBytes: number, totalBytes: number) => void,
  ) => Promise<void>;
}

interface OutputTensor {
  readonly source: GgufTensor;
  readonly type: GgufTensorType;
  readonly bytes: number;
  /** Only for a merged tensor. */
  readonly merge?: { readonly update: LoraUpdate; readonly type: QuantisedType };
}

function planOutput(source: GgufTensor, update: LoraUpdate | undefined): OutputTensor {
  if (update === undefined) return { source, type: source.type, bytes: source.bytes };
  const columns = elementAt(source.dimensions, 0);
  if (columns > MAX_COLUMNS) throw new InferenceError('unsupported', `${source.name} has rows of ${columns}`);
  const type = canQuantise(source.type) ? source.type : FALLBACK_TYPE;
  const values = source.dimensions.reduce((product, n) => product * n, 1);
  const block = blockOf(type);
  return { source, type, bytes: (values / block.values) * block.bytes, merge: { update, type } };
}

/** Adds `factor * left * right` to rows; `left` has `rank` numbers a row, `right` `rank` rows. */
function addProduct(
  rows: Float32Array,
  left: Float32Array,
  right: Float32Array,
  columns: number,
  rank: number,
  factor: number,
): void {
  for (let row = 0, at = 0; at < rows.length; row++, at += columns) {
    const weights = left.subarray(row * rank, (row + 1) * rank);
    let r = 0;
    // Four at a time: one load and one store of the sum for four products.
    for (; r + 4 <= rank; r += 4) {
      const w0 = factor * (weights[r] ?? 0);
      const w1 = factor * (weights[r + 1] ?? 0);
      const w2 = factor * (weights[r + 2] ?? 0);
      const w3 = factor * (weights[r + 3] ?? 0);
      const a0 = r * columns;
      const a1 = a0 + columns;
      const a2 = a1 + columns;
      const a3 = a2 + columns;
      for (let c = 0; c < columns; c++) {
        rows[at + c] =
          (rows[at + c] ?? 0) +
          (w0 * (right[a0 + c] ?? 0) + w1 * (right[a1 + c] ?? 0)) +
          (w2 * (right[a2 + c] ?? 0) + w3 * (right[a3 + c] ?? 0));
      }
    }
    for (; r < rank; r++) {
      const w = factor * (weights[r] ?? 0);
      const a = r * columns;
      for (let c = 0; c < columns; c++) rows[at + c] = (rows[at + c] ?? 0) + w * (right[a + c] ?? 0);
    }
  }
}

/** @throws InferenceError `bad-input` when a value is no number or beyond what the type holds */
function checkValues(values: Float32Array, name: string, type: QuantisedType): void {
  const most = WIDE_TYPES.includes(type) ? 3e38 : MAX_HALF;
  for (const value of values) {
    if (!(Math.abs(value) <= most)) {
      throw new InferenceError(
        'bad-input',
        `${name} would have the value ${value}, which ${type} cannot hold`,
      );
    }
  }
}

interface MergeFiles {
  readonly base: readonly ByteSource[];
  readonly adapter: ByteSource;
}

async function* copyTensor(
  { base }: MergeFiles,
  { part, offset, bytes }: GgufTensor,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; at += COPY_BYTES) {
    yield elementAt(base, part).read(offset + at, Math.min(COPY_BYTES, bytes - at), signal);
  }
}

async function* mergeTensor(
  { base, adapter }: MergeFiles,
  tensor: GgufTensor,
  update: LoraUpdate,
  type: QuantisedType,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const [columns = 1, rows = 1] = tensor.dimensions;
  const rowBytes = tensor.bytes / rows;
  const step = Math.max(1, Math.floor(CHUNK_VALUES / Math.max(columns, update.rank)));
  const right = await readRightFactor(adapter, update, signal);
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const [bytes, left] = await Promise.all([
      elementAt(base, tensor.part).read(tensor.offset + row * rowBytes, count * rowBytes, signal),
      readFactor(adapter, update.left, row, count, signal),
    ]);
    const values = dequantise(tensor.type, bytes);
    addProduct(values, left, right, columns, update.rank, update.factor);
    checkValues(values, tensor.name, type);
    yield quantise(type, values);
  }
}

/** What gguf-split adds to the metadata. */
const isSplitKey = (key: string) => key.startsWith('split.');

/** Metadata entries of the base as they are in its file, in as few pieces as there can be, without `split.`. */
async function readEntries(
  base: readonly ByteSource[],
  file: GgufFile,
  signal?: AbortSignal,
): Promise<Uint8Array[]> {
  const runs: { part: number; offset: number; bytes: number }[] = [];
  for (const { key, part, offset, bytes } of file.entries) {
    if (isSplitKey(key)) continue;
    const last = runs.at(-1);
    if (last && last.offset + last.bytes === offset) last.bytes += bytes;
    else runs.push({ part, offset, bytes });
  }
  const entries: Uint8Array[] = [];
  for (const { part, offset, bytes } of runs) {
    entries.push(await elementAt(base, part).read(offset, bytes, signal));
  }
  return entries;
}

/**
 * Checks that an adapter fits a model and plans the merged file; only headers are read.
 * @param base the parts of the model
 * @param scale multiplies the adapter: 1 is what it was trained for
 * @throws InferenceError `bad-input` when the adapter is for another model, or the scale is no number; `bad-file`;
 * `unsupported`
 */
export async function prepareLoraMerge(
  base: readonly ByteSource[],
  adapter: ByteSource,
  scale: number,
  signal?: AbortSignal,
): Promise<LoraMerge> {
  if (!(Math.abs(scale) <= MAX_SCALE) || scale === 0) {
    throw new InferenceError('bad-input', `an adapter scale of ${scale}`);
  }
  const file = await parseGguf(base, signal);
  if (readOptionalString(file.metadata, 'general.type') === 'adapter') {
    throw new InferenceError('bad-input', 'the model is an adapter itself');
  }
  const { alpha, updates, ignored }: LoraAdapter = await readLoraAdapter(adapter, file, scale, signal);
  const outputs = file.tensors
    .toSorted((a, b) => a.part - b.part || a.offset - b.offset)
    .map((tensor) => planOutput(tensor, updates.get(tensor.name)));
  const alignment = readOptionalNumber(file.metadata, 'general.alignment') ?? DEFAULT_ALIGNMENT;
  const header = encodeGgufHeader({
    version: file.version,
    alignment,
    entryCount: file.entries.filter(({ key }) => !isSplitKey(key)).length,
    entries: await readEntries(base, file, signal),
    tensors: outputs.map(({ source: { name, dimensions }, type, bytes }) => ({
      name,
      dimensions,
      type,
      bytes,
    })),
  });
  const padded = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  const totalBytes = outputs.reduce((sum, { bytes }) => sum + padded(bytes), header.length);
  const files = { base, adapter };
  const ranks = [...updates.values()].map(({ rank }) => rank);
  return {
    bytes: totalBytes,
    ranks: [Math.min(...ranks), Math.max(...ranks)],
    alpha,
    targets: [...updates.keys()],
    mergedTensors: updates.size,
    keptTensors: outputs.length - updates.size,
    requantised: outputs
      .filter(({ source, type }) => source.type !== type)
      .map(({ source, type }) => ({ name: source.name, from: source.type, to: type })),
    ignored,
    async write(sink, writeSignal, onProgress) {
      let doneBytes = 0;
      const put = async (bytes: Uint8Array) => {
        writeSignal?.throwIfAborted();
        await sink(bytes);
        doneBytes += bytes.length;
        onProgress?.(doneBytes, totalBytes);
      };
      await put(header);
      for (const { source, bytes, merge } of outputs) {
        const pieces = merge
          ? mergeTensor(files, source, merge.update, merge.type, writeSignal)
          : copyTensor(files, source, writeSignal);
        for await (const piece of pieces) await put(piece);
        if (padded(bytes) > bytes) await put(new Uint8Array(padded(bytes) - bytes));
      }
    },
  };
}

/**
 * Writes a new GGUF with W + scale * (alpha / rank) * B * A for every tensor W that the adapter names, in W's own type
 * where `quantise` has it; the rest is copied as it is. One chunk of rows and one of A's matrices are in memory.
 * Adapter format: convert_lora_to_gguf.py and src/llama-adapter.cpp of llama.cpp.
 * @throws InferenceError as `prepareLoraMerge`; an abort rejects with `signal.reason`
 */
export async function mergeLora(
  base: readonly ByteSource[],
  adapter: ByteSource,
  scale: number,
  sink: (bytes: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
  onProgress?: (doneBytes: number, totalBytes: number) => void,
): Promise<LoraMergeReport> {
  const { write, ...report } = await prepareLoraMerge(base, adapter, scale, signal);
  await write(sink, signal, onProgress);
  return report;
}
