import { FaultError } from '../../domain/fault';
import type { FileStore } from '../../domain/run/ports';
import type { DownloadPorts } from '../../domain/download/download';
import type { RangeAnswer, RemoteFile } from '../../domain/download/remote-file';
import { SHARD_SIZES } from '../../domain/download/shard-layout';
import { devicePorts } from './device-ports';

/** Nothing arriving for so long counts as a connection that was cut. */
const STALL_MS = 30_000;
/** A host that gives something now and then, and less than any line does, would never be a stall. */
const LEAST_BYTES_PER_MS = 8;
const SHA256 = /^[0-9a-f]{64}$/;

/** The browser's side of a download by ranges. */
export function createUrlPorts(url: string, store: FileStore, stallMs = STALL_MS): DownloadPorts {
  return {
    store,
    ...devicePorts,
    describe: (signal) => describeUrl(url, signal, stallMs),
    openRange: (start, end, signal) => openUrlRange(url, start, end, signal, stallMs),
  };
}

/** A picked file as the host of itself. */
export function createBlobPorts(blob: Blob, etag: string, store: FileStore): DownloadPorts {
  return {
    store,
    ...devicePorts,
    describe: () => Promise.resolve({ bytes: blob.size, etag, hasRanges: true }),
    openRange: (start, end) =>
      Promise.resolve({ start, totalBytes: blob.size, etag, body: readSlice(blob.slice(start, end)) }),
  };
}

async function* readSlice(slice: Blob): RangeAnswer['body'] {
  for (let at = 0; at < slice.size; at += SHARD_SIZES.partBytes) {
    yield new Uint8Array(await slice.slice(at, at + SHARD_SIZES.partBytes).arrayBuffer());
  }
}

/**
 * Asks for the first byte of a file to learn what the host tells of the whole.
 * @throws FaultError `download`
 */
export async function describeUrl(url: string, signal: AbortSignal, stallMs = STALL_MS): Promise<RemoteFile> {
  // The Hub answers this media type itself, with the file's hash, where it would else send on to a CDN that hides it
  // from scripts. Others ignore it. As `fileDownloadInfo` of @huggingface/hub does.
  const accept = 'application/vnd.xet-fileinfo+json, */*';
  const { response, close } = await send(
    url,
    { headers: { Range: 'bytes=0-0', Accept: accept } },
    signal,
    stallMs,
  );
  close();
  const { headers, status } = response;
  const linkedHash = unquote(headers.get('X-Linked-ETag'));
  if (headers.get('Content-Type')?.includes('xet-fileinfo')) {
    return checkSize(url, {
      bytes: Number(headers.get('X-Linked-Size')),
      ...(SHA256.test(linkedHash) && { sha256: linkedHash }),
      hasRanges: true,
    });
  }
  const etag = headers.get('ETag');
  const hash = [linkedHash, unquote(etag)].find((each) => SHA256.test(each));
  return checkSize(url, {
    bytes: readTotalBytes(response) ?? (await askForLength(url, signal, stallMs)) ?? 0,
    ...(etag !== null && { etag }),
    ...(hash !== undefined && { sha256: hash }),
    hasRanges: status === 206,
  });
}

function checkSize(url: string, remote: RemoteFile): RemoteFile {
  if (Number.isSafeInteger(remote.bytes) && remote.bytes > 0) return remote;
  throw new FaultError({
    kind: 'download',
    url,
    status: 200,
    detail: 'the host does not tell the file size',
  });
}

/** For hosts that do not let scripts see `Content-Range`. */
async function askForLength(url: string, signal: AbortSignal, stallMs: number): Promise<number | undefined> {
  const { response, close } = await send(url, { method: 'HEAD' }, signal, stallMs);
  close();
  return readLength(response);
}

/**
 * Asks for bytes from `start` up to, not including, `end`.
 * @throws FaultError `download`, also while the body is read
 */
export async function openUrlRange(
  url: string,
  start: number,
  end: number,
  signal: AbortSignal,
  stallMs = STALL_MS,
): Promise<RangeAnswer> {
  const { response, close } = await send(
    url,
    { headers: { Range: `bytes=${start}-${end - 1}` } },
    signal,
    stallMs,
  );
  const totalBytes = readTotalBytes(response);
  const etag = response.headers.get('ETag');
  const isPart = response.status === 206;
  const from = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  if (isPart && from !== undefined && Number(from) !== start) {
    close();
    const detail = `asked for bytes from ${start}, was sent bytes from ${from}`;
    throw new FaultError({ kind: 'download', url, status: 206, detail });
  }
  return {
    start: isPart ? start : 0,
    ...(totalBytes !== undefined && { totalBytes }),
    ...(etag !== null && { etag }),
    body: readBody(url, response, close, signal, stallMs),
  };
}

/**
 * A few bytes of a file, in memory. Nothing shows how far it is, so it must get on: after `graceMs` at 8 kB/s.
 * @throws FaultError `download`
 */
export async function readUrlRange(
  url: string,
  start: number,
  end: number,
  signal: AbortSignal,
  graceMs = STALL_MS / 2,
): Promise<Uint8Array<ArrayBuffer>> {
  const startedAt = performance.now();
  const answer = await openUrlRange(url, start, end, signal, STALL_MS);
  const bytes = new Uint8Array(end - start);
  let at = answer.start;
  for await (const chunk of answer.body) {
    const from = Math.max(start, at);
    const to = Math.min(end, at + chunk.length);
    if (from < to) bytes.set(chunk.subarray(from - at, to - at), from - start);
    at += chunk.length;
    if (at >= end) return bytes;
    const got = at - answer.start;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > graceMs + got / LEAST_BYTES_PER_MS) {
      const detail = `too slow: ${got} bytes in ${Math.round(elapsedMs / 1_000)} s`;
      throw new FaultError({ kind: 'download', url, detail });
    }
  }
  throw new FaultError({ kind: 'download', url, detail: `the answer ended ${end - at} bytes early` });
}

interface Sent {
  readonly response: Response;
  /** Gives the connection up. */
  readonly close: () => void;
}

/** @throws FaultError `download` unless the answer is the file or a part of it */
async function send(url: string, init: RequestInit, signal: AbortSignal, stallMs: number): Promise<Sent> {
  const connection = new AbortController();
  const close = () => {
    connection.abort();
  };
  const response = await withinTime(
    stallMs,
    close,
    // What arrives goes to IndexedDB; a second copy in the HTTP cache would only take room.
    fetch(url, { ...init, cache: 'no-store', signal: AbortSignal.any([signal, connection.signal]) }),
  ).catch((error: unknown) => {
    throw toDownloadFault(url, error, signal);
  });
  const { status, statusText, headers } = response;
  const isPage = headers.get('Content-Type')?.startsWith('text/html') ?? false;
  if ((status === 200 || status === 206) && !isPage) return { response, close };
  close();
  const reason = headers.get('X-Error-Message') ?? statusText;
  const retryAfterSeconds = Number(headers.get('Retry-After') ?? NaN);
  throw new FaultError({
    kind: 'download',
    url,
    status,
    ...(retryAfterSeconds >= 0 && { retryAfterSeconds }),
    detail:
      isPage && response.ok ? 'a web page, not a file' : `HTTP ${status} ${reason}`.trim().slice(0, 400),
  });
}

async function* readBody(
  url: string,
  response: Response,
  close: () => void,
  signal: AbortSignal,
  stallMs: number,
): RangeAnswer['body'] & AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  try {
    while (reader !== undefined) {
      // Only the wait is timed: storing what arrived takes its own time.
      const { done, value } = await withinTime(stallMs, close, reader.read());
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw toDownloadFault(url, error, signal);
  } finally {
    close();
  }
}

class StallError extends Error {}

async function withinTime<T>(milliseconds: number, giveUp: () => void, wait: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StallError(`nothing arrived for ${milliseconds / 1_000} s`));
      giveUp();
    }, milliseconds);
  });
  try {
    return await Promise.race([wait, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

function toDownloadFault(url: string, error: unknown, signal: AbortSignal): FaultError {
  if (signal.aborted) return new FaultError({ kind: 'stopped' }, { cause: error });
  if (error instanceof FaultError) return error;
  const detail = error instanceof StallError ? error.message : 'the connection failed or was cut';
  return new FaultError({ kind: 'download', url, detail }, { cause: error });
}

function unquote(etag: string | null): string {
  return (etag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '');
}

/** Of the whole file, whatever part of it the answer holds. */
function readTotalBytes(response: Response): number | undefined {
  const total = /\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '')?.[1];
  if (total !== undefined) return Number(total);
  return response.status === 200 ? readLength(response) : undefined;
}

function readLength({ headers }: Response): number | undefined {
  const length = headers.get('Content-Length');
  // The length of what was sent, not of what it unpacks to.
  return length === null || headers.has('Content-Encoding') ? undefined : Number(length);
}
