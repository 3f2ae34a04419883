import { throwIfStopped } from '../../domain/fault';
import { badGguf, parseGgufHeader, type GgufHeader } from '../../domain/model/gguf-header';
import { readGgufPart } from '../../engines/parts/read-gguf-part';
import { describeUrl, readUrlRange } from './url-ports';

/** A file that can be read in pieces, wherever it is. */
export interface GgufSource {
  readonly name: string;
  readonly bytes: number;
  readonly read: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}

const PREAMBLE_BYTES = 24;
/** Longer lists of numbers are not read by anyone here. */
const MAX_NUMBERS = 10_000;
const MAX_ENTRIES = 65_536;
const MAX_TENSORS = 65_536;
const MIN_ENTRY_BYTES = 13;
const MIN_TENSOR_BYTES = 24;
/** Formats before GGUF, as their first four bytes read. */
const OLD_MAGICS = ['lmgg', 'fmgg', 'tjgg', 'algg'];

export function blobSource(name: string, blob: Blob): GgufSource {
  return {
    name,
    bytes: blob.size,
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  };
}

/** @returns also what the host tells of the file @throws FaultError `download` */
export async function openUrlSource(name: string, url: string, signal: AbortSignal) {
  const remote = await describeUrl(url, signal);
  const read: GgufSource['read'] = (start, end) => readUrlRange(url, start, end, signal);
  return { remote, source: { name, bytes: remote.bytes, read } satisfies GgufSource };
}

/**
 * Reads the header of a GGUF file and nothing behind it.
 * @throws FaultError `bad-input` for a file that is truncated, no GGUF, or claims absurd counts or sizes;
 * `unsupported` for a header beyond all sense and for types that nobody here knows; `download`
 */
export async function readGgufHeader(source: GgufSource, signal: AbortSignal): Promise<GgufHeader> {
  checkPreamble(await source.read(0, Math.min(source.bytes, PREAMBLE_BYTES)), source.bytes);
  const { metadata, tensors } = await readGgufPart(asByteSource(source, signal), signal);
  const values = Object.fromEntries(Array.from(metadata, ([key, value]) => [key, toPlain(value)]));
  const { GGMLFileQuantizationType, parseGGUFQuantLabel } = await import('@huggingface/gguf');
  const fileType = values['general.file_type'];
  return parseGgufHeader(
    {
      metadata: values,
      parameters: tensors.reduce((sum, { dimensions }) => sum + countValues(dimensions), 0),
      quantization:
        (typeof fileType === 'number' ? GGMLFileQuantizationType[fileType] : undefined) ??
        parseGGUFQuantLabel(source.name) ??
        findCommonest(tensors.map(({ type }) => type)),
    },
    source.name,
  );
}

/** What can be refused before anything is allocated. */
function checkPreamble(bytes: Uint8Array<ArrayBuffer>, fileBytes: number): void {
  const magic = String.fromCharCode(...bytes.subarray(0, 4));
  if (OLD_MAGICS.includes(magic)) throw badGguf('it is of a format before GGUF; convert it');
  if (magic !== 'GGUF') throw badGguf('it does not begin as a GGUF file does');
  if (bytes.length < PREAMBLE_BYTES) throw badGguf(`it is cut off after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(4, true);
  if (version !== 2 && version !== 3) throw badGguf(`its version is ${version}; versions 2 and 3 are read`);
  const tensors = view.getBigUint64(8, true);
  const entries = view.getBigUint64(16, true);
  const least = Number(tensors) * MIN_TENSOR_BYTES + Number(entries) * MIN_ENTRY_BYTES;
  if (tensors > MAX_TENSORS || entries > MAX_ENTRIES || least > fileBytes) {
    throw badGguf(`it claims ${tensors} tensors and ${entries} entries in ${fileBytes} bytes`);
  }
}

/** As the reader asks for it. */
function asByteSource({ bytes, read }: GgufSource, signal: AbortSignal) {
  return {
    size: bytes,
    read(start: number, length: number) {
      throwIfStopped(signal);
      return read(start, start + length);
    },
  };
}

/** A list of numbers as an array, as JSON would have it. */
function toPlain(value: unknown): unknown {
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return value;
  return Array.from((value as Float64Array).subarray(0, MAX_NUMBERS));
}

function countValues(dimensions: readonly number[]): number {
  return dimensions.reduce((product, each) => product * each, 1);
}

function findCommonest(types: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
