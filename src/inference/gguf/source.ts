import { InferenceError } from '../errors';
import type { ByteSource } from './types';

function checkRange(size: number, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new InferenceError('bad-input', `invalid byte range: ${offset} + ${length}`);
  }
  if (offset + length > size) {
    throw new InferenceError(
      'bad-file',
      `bytes ${offset}..${offset + length} lie outside a file of ${size} bytes`,
    );
  }
}

/** A source over a Blob or a picked File. Reads slice lazily: nothing but the asked range enters memory. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(offset, length, signal) {
      signal?.throwIfAborted();
      checkRange(blob.size, offset, length);
      let bytes: Uint8Array;
      try {
        bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        throw new InferenceError('read-failed', 'the file can no longer be read', { cause });
      }
      signal?.throwIfAborted();
      if (bytes.length !== length)
        throw new InferenceError('read-failed', 'the file changed while being read');
      return bytes;
    },
  };
}

/** A source over bytes already in memory; reads are views, not copies. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length, signal) {
      return new Promise((resolve) => {
        signal?.throwIfAborted();
        checkRange(bytes.length, offset, length);
        resolve(bytes.subarray(offset, offset + length));
      });
    },
  };
}

async function requestRange(
  url: string,
  first: number,
  last: number,
  signal?: AbortSignal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { Range: `bytes=${first}-${last}` },
      ...(signal ? { signal } : {}),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new InferenceError('read-failed', `cannot reach ${url}`, { cause });
  }
  if (response.status !== 206) {
    // A server without ranges answers 200 with the whole file: drop it rather than download gigabytes.
    await response.body?.cancel();
    throw response.status === 200
      ? new InferenceError('unsupported', `${url} does not serve byte ranges`)
      : new InferenceError('read-failed', `${url} answered ${response.status}`);
  }
  return response;
}

/** Total length from `Content-Range: bytes 0-0/1234` (RFC 9110, 14.4). */
function readTotal(response: Response, url: string): number {
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (total === undefined) throw new InferenceError('unsupported', `${url} does not tell its size`);
  return Number(total);
}

/** A source over a URL that serves byte ranges; asks for one byte first to learn the size. */
export async function urlSource(url: string, signal?: AbortSignal): Promise<ByteSource> {
  const probe = await requestRange(url, 0, 0, signal);
  const size = readTotal(probe, url);
  await probe.body?.cancel();
  return {
    size,
    async read(offset, length, readSignal) {
      readSignal?.throwIfAborted();
      checkRange(size, offset, length);
      if (length === 0) return new Uint8Array(0);
      const response = await requestRange(url, offset, offset + length - 1, readSignal);
      if (readTotal(response, url) !== size) {
        await response.body?.cancel();
        throw new InferenceError('read-failed', `${url} changed while being read`);
      }
      let bytes: Uint8Array;
      try {
        bytes = new Uint8Array(await response.arrayBuffer());
      } catch (cause) {
        readSignal?.throwIfAborted();
        throw new InferenceError('read-failed', `${url} broke off`, { cause });
      }
      if (bytes.length !== length) {
        throw new InferenceError('read-failed', `${url} sent ${bytes.length} bytes of ${length}`);
      }
      return bytes;
    },
  };
}
