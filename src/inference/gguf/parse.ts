import { HeaderReader } from './reader';
import { readOptionalNumber } from './metadata';
import { InferenceError } from '../errors';
import { GGUF_TENSOR_TYPES } from './types';
import type { ByteSource, GgufEntryPlace, GgufFile, GgufTensor, GgufTensorType, GgufValue } from './types';

// Smallest encodings, to bound counts by the file size before anything is allocated.
const MIN_ENTRY_BYTES = 8 + 4 + 1;
const MIN_TENSOR_BYTES = 8 + 4 + 8 + 4 + 8;
const MAX_ENTRIES = 1 << 16;
const MAX_TENSORS = 1 << 16;
const MAX_KEY_BYTES = 65_535; // the GGUF specification
const MAX_NAME_BYTES = 64; // GGML_MAX_NAME
const MAX_DIMENSIONS = 4; // GGML_MAX_DIMS
export const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 1 << 20;
const MAX_PARTS = 1024;

/** Magic numbers of the formats before GGUF, as read little-endian: recognised to say so. */
const OLD_MAGICS: Readonly<Record<number, string>> = {
  0x67676d6c: 'ggml',
  0x67676d66: 'ggmf',
  0x67676a74: 'ggjt',
  0x67676c61: 'ggla',
};

const TYPES_BY_ID = new Map<number, GgufTensorType>();
for (const [name, [id]] of Object.entries(GGUF_TENSOR_TYPES)) TYPES_BY_ID.set(id, name as GgufTensorType);

/** Values per block and bytes per block of a tensor type. */
export function blockOf(type: GgufTensorType): { readonly values: number; readonly bytes: number } {
  const [, values, bytes] = GGUF_TENSOR_TYPES[type];
  return { values, bytes };
}

interface TensorHeader {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly type: GgufTensorType;
  /** From the start of the data section. */
  readonly offset: number;
  readonly bytes: number;
}

interface Part {
  readonly version: number;
  readonly metadata: Map<string, GgufValue>;
  readonly entries: readonly GgufEntryPlace[];
  readonly tensors: readonly GgufTensor[];
}

function readPreamble(reader: HeaderReader): { version: number; tensorCount: number; entryCount: number } {
  const magic = reader.u32('the magic number');
  if (magic !== 0x46554747) {
    const old = OLD_MAGICS[magic];
    if (old)
      throw new InferenceError('unsupported', `${reader.where}a file of the old ${old} format, not GGUF`);
    throw reader.fail('not a GGUF file', 0);
  }
  const version = reader.u32('the version');
  if (version !== 2 && version !== 3) {
    const bigEndian = version !== 0 && (version & 0xffff) === 0;
    const what = bigEndian ? 'a big-endian GGUF' : `GGUF version ${version}`;
    throw new InferenceError('unsupported', `${reader.where}${what}; versions 2 and 3 are read`);
  }
  const tensorCount = reader.u64('the tensor count');
  const entryCount = reader.u64('the metadata count');
  const room = reader.remaining;
  if (tensorCount > MAX_TENSORS || tensorCount * MIN_TENSOR_BYTES > room) {
    throw reader.fail(`${tensorCount} tensors cannot fit`, 8);
  }
  if (entryCount > MAX_ENTRIES || entryCount * MIN_ENTRY_BYTES > room) {
    throw reader.fail(`${entryCount} metadata entries cannot fit`, 16);
  }
  return { version, tensorCount, entryCount };
}

function readTensorHeader(reader: HeaderReader): TensorHeader {
  const at = reader.position;
  const name = reader.string('a tensor name', MAX_NAME_BYTES);
  const dimensionCount = reader.u32(`the dimension count of '${name}'`);
  if (dimensionCount < 1 || dimensionCount > MAX_DIMENSIONS) {
    throw reader.fail(`tensor '${name}' has ${dimensionCount} dimensions`, at);
  }
  const dimensions: number[] = [];
  let values = 1;
  for (let index = 0; index < dimensionCount; index++) {
    const dimension = reader.u64(`a dimension of '${name}'`);
    if (dimension < 1) throw reader.fail(`tensor '${name}' has an empty dimension`, at);
    if (dimension > Number.MAX_SAFE_INTEGER / values)
      throw reader.fail(`tensor '${name}' is absurdly large`, at);
    values *= dimension;
    dimensions.push(dimension);
  }
  const typeId = reader.u32(`the type of '${name}'`);
  const type = TYPES_BY_ID.get(typeId);
  if (type === undefined) {
    throw new InferenceError('unsupported', `${reader.where}tensor '${name}' has the unknown type ${typeId}`);
  }
  const block = blockOf(type);
  if ((dimensions[0] ?? 0) % block.values !== 0) {
    throw reader.fail(`tensor '${name}': rows of ${dimensions[0]} do not divide into ${type} blocks`, at);
  }
  const bytes = (values / block.values) * block.bytes;
  if (!Number.isSafeInteger(bytes)) throw reader.fail(`tensor '${name}' is absurdly large`, at);
  const offset = reader.u64(`the offset of '${name}'`);
  return { name, dimensions, type, offset, bytes };
}

function readAlignment(reader: HeaderReader, metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = readOptionalNumber(metadata, 'general.alignment') ?? DEFAULT_ALIGNMENT;
  const isPowerOfTwo = Number.isInteger(alignment) && alignment > 0 && Number.isInteger(Math.log2(alignment));
  if (!isPowerOfTwo || alignment > MAX_ALIGNMENT) throw reader.fail(`general.alignment is ${alignment}`);
  return alignment;
}

/** Puts tensors at absolute offsets; refuses any that leaves the file or shares bytes with another. */
function placeTensors(
  reader: HeaderReader,
  headers: readonly TensorHeader[],
  alignment: number,
  part: number,
  fileBytes: number,
): GgufTensor[] {
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const tensors = headers.map(({ name, dimensions, type, offset, bytes }) => {
    if (offset % alignment !== 0)
      throw reader.fail(`tensor '${name}' is not aligned to ${alignment}`, offset);
    const start = dataStart + offset;
    if (start + bytes > fileBytes) {
      throw reader.fail(
        `tensor '${name}' needs ${bytes} bytes, past the end of a file of ${fileBytes}`,
        start,
      );
    }
    return { name, dimensions, type, part, offset: start, bytes };
  });
  let end = 0;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (tensor.offset < end) throw reader.fail(`tensor '${tensor.name}' overlaps another`, tensor.offset);
    end = tensor.offset + tensor.bytes;
  }
  return tensors;
}

async function parsePart(
  source: ByteSource,
  part: number,
  where: string,
  signal?: AbortSignal,
): Promise<Part> {
  const reader = new HeaderReader(source, where, signal);
  const { version, tensorCount, entryCount } = await reader.readItem(() => readPreamble(reader));
  const metadata = new Map<string, GgufValue>();
  const entries: GgufEntryPlace[] = [];
  for (let index = 0; index < entryCount; index++) {
    await reader.readItem(() => {
      const at = reader.position;
      const key = reader.string('a metadata key', MAX_KEY_BYTES);
      if (metadata.has(key)) throw reader.fail(`metadata key '${key}' appears twice`, at);
      const value = reader.value(key);
      metadata.set(key, value);
      entries.push({ key, part, offset: at, bytes: reader.position - at });
    });
  }
  const headers: TensorHeader[] = [];
  for (let index = 0; index < tensorCount; index++) {
    headers.push(await reader.readItem(() => readTensorHeader(reader)));
  }
  const alignment = readAlignment(reader, metadata);
  const tensors = placeTensors(reader, headers, alignment, part, source.size);
  return { version, metadata, entries, tensors };
}

/**
 * Reads the header of one file, whole or part of a split, without regard for the others; entries and tensors are in the
 * file's order. Throws as `parseGguf` does.
 */
export async function parseGgufPart(source: ByteSource, signal?: AbortSignal): Promise<GgufFile> {
  return parsePart(source, 0, '', signal);
}

/** Position of a part in its split: `split.no` of `split.count`, as gguf-split writes them. */
function readSplit(part: Part): { readonly no: number; readonly count: number } {
  const count = readOptionalNumber(part.metadata, 'split.count') ?? 1;
  const no = readOptionalNumber(part.metadata, 'split.no') ?? 0;
  return { no, count: Math.max(count, 1) };
}

/**
 * Reads the headers of a GGUF model (versions 2 and 3): one file, or all parts of a split in any order. Tensor data
 * is only located, never read. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * Throws InferenceError `bad-file` or `unsupported`; a failing source's own error passes through.
 */
export async function parseGguf(sources: readonly ByteSource[], signal?: AbortSignal): Promise<GgufFile> {
  if (sources.length === 0) throw new InferenceError('bad-file', 'no file given');
  if (sources.length > MAX_PARTS) throw new InferenceError('unsupported', `more than ${MAX_PARTS} parts`);
  const parts: Part[] = [];
  for (const [index, source] of sources.entries()) {
    const where = sources.length > 1 ? `part ${index + 1}: ` : '';
    parts.push(await parsePart(source, index, where, signal));
  }
  const seen = new Set<number>();
  let first: Part | undefined;
  for (const part of parts) {
    const { no, count } = readSplit(part);
    if (count !== sources.length) {
      throw new InferenceError('bad-file', `the model is split into ${count} parts, ${sources.length} given`);
    }
    if (seen.has(no) || no < 0 || no >= count) {
      throw new InferenceError('bad-file', `part number ${no} of ${count} is doubled or out of range`);
    }
    seen.add(no);
    if (no === 0) first = part;
  }
  if (!first) throw new InferenceError('bad-file', 'the first part of the split is missing');
  const tensors = parts.flatMap((part) => part.tensors);
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) throw new InferenceError('bad-file', `tensor '${name}' appears twice`);
    names.add(name);
  }
  const promised = readOptionalNumber(first.metadata, 'split.tensors.count');
  if (sources.length > 1 && promised !== undefined && promised !== tensors.length) {
    throw new InferenceError('bad-file', `${promised} tensors promised, ${tensors.length} found`);
  }
  const { version, metadata, entries } = first;
  return { version, metadata, entries, tensors };
}
