import { FaultError, throwIfStopped, toFault } from '../domain/fault';
import { badGguf, parseGgufHeader, type GgufHeader } from '../domain/gguf-header';
import { describeUrl, readUrlRange } from './ranged-transfer';

/** A file that can be read in pieces, wherever it is. */
export interface GgufSource {
  readonly name: string;
  readonly bytes: number;
  readonly read: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}

const PREAMBLE_BYTES = 24;
/** The largest vocabularies with their merges take about 14 MB. */
const MAX_HEADER_BYTES = 24_000_000;
/**
 * Of reading what has arrived: the library reads a list again from its start with every 2 MB of it, and one that is
 * made to be slow must not hold the worker up. A second is usual for the largest vocabularies.
 */
const MAX_PARSE_MS = 5_000;
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
 * @throws FaultError `bad-input` for a file that is truncated, no GGUF, or claims absurd counts or sizes; `download`
 */
export async function readGgufHeader(
  source: GgufSource,
  signal: AbortSignal,
  maxParseMs = MAX_PARSE_MS,
): Promise<GgufHeader> {
  checkPreamble(await source.read(0, Math.min(source.bytes, PREAMBLE_BYTES)), source.bytes);
  const { gguf, GGMLFileQuantizationType, GGMLQuantizationType, parseGGUFQuantLabel } =
    await import('@huggingface/gguf');
  try {
    const { metadata, tensorInfos, tensorDataOffset, tensorInfoByteRange, parameterCount } = await gguf(
      // Never asked for: the library reads through `fetch` alone.
      'https://file.invalid/',
      { fetch: boundedFetch(source, signal, maxParseMs), computeParametersCount: true },
    );
    const values: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(metadata));
    const fileType = values['general.file_type'];
    const commonest = findCommonest(tensorInfos.map(({ dtype }) => dtype));
    return parseGgufHeader(
      {
        metadata: values,
        tensors: tensorInfos.map(({ name, shape, dtype, offset }) => ({ name, shape, type: dtype, offset })),
        headerEnd: tensorInfoByteRange[1],
        dataOffset: Number(tensorDataOffset),
        parameters: parameterCount,
        quantization:
          (typeof fileType === 'number' ? GGMLFileQuantizationType[fileType] : undefined) ??
          parseGGUFQuantLabel(source.name) ??
          (commonest === undefined ? undefined : GGMLQuantizationType[commonest]),
      },
      source.name,
      source.bytes,
    );
  } catch (error) {
    throwIfStopped(signal);
    if (error instanceof FaultError) throw error;
    const fault = toFault(error);
    throw badGguf(fault.kind === 'engine' ? fault.detail.slice(0, 400) : fault.kind);
  }
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

/** What the library reads through; it reads on without end while it finds no end. */
function boundedFetch(source: GgufSource, signal: AbortSignal, maxParseMs: number): typeof fetch {
  let parseMs = 0;
  let answeredAt: number | undefined;
  let readsPastEnd = 0;
  return async (_url, init) => {
    throwIfStopped(signal);
    if (answeredAt !== undefined) parseMs += performance.now() - answeredAt;
    const range = new Headers(init?.headers).get('Range') ?? '';
    const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
    const start = Number(from);
    if (start >= MAX_HEADER_BYTES) throw badGguf(`its header has more than ${start} bytes`);
    if (parseMs > maxParseMs) throw badGguf(`its header takes more than ${maxParseMs} ms to read`);
    // It reads ahead, so once past the end may be in good order; what follows is zeros to it.
    if (start >= source.bytes && ++readsPastEnd > 1) throw badGguf('it is cut off within its header');
    const end = Math.min(source.bytes, Number(to) + 1);
    const bytes = start >= end ? new Uint8Array() : await source.read(start, end);
    answeredAt = performance.now();
    return new Response(bytes, {
      headers: { 'Content-Range': `bytes ${start}-${Math.max(start, end - 1)}/${source.bytes}` },
    });
  };
}

function findCommonest(types: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
