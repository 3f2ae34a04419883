import type { TransferPorts } from '../../domain/download/download';
import { FaultError, throwIfStopped } from '../../domain/fault';
import { parseFileManifest } from '../../domain/model/model';
import type { ShardStore } from '../../domain/run/ports';

/** The browser's side of a download: fetch, quota and time, for a file hosted below `modelsUrl`. */
export function createTransferPorts(
  file: { readonly manifest: string },
  modelsUrl: string,
  store: ShardStore,
): TransferPorts {
  const manifestUrl = new URL(file.manifest, modelsUrl);
  return {
    store,
    async loadManifest(signal) {
      const text = await readText(await request(manifestUrl, signal), manifestUrl, signal);
      try {
        return parseFileManifest(JSON.parse(text));
      } catch (error) {
        if (error instanceof FaultError) throw error;
        // A host that answers every path with its start page, most likely.
        throw new FaultError({ kind: 'download', url: manifestUrl.href, detail: 'not a file manifest' });
      }
    },
    fetchShard: (path, bytes, onBytes, signal) =>
      fetchExactly(new URL(path, manifestUrl), bytes, onBytes, signal),
    ...devicePorts,
  };
}

/** Time, room and locks, as every transfer needs them. */
export const devicePorts = {
  now: () => Date.now(),
  reserve: reserveSpace,
  pause: (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        clearTimeout(timer);
        reject(new FaultError({ kind: 'stopped' }));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      }, milliseconds);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    }),
  /** One holder in all tabs; a tab that is closed lets go. */
  runExclusively: <T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    navigator.locks.request(name, { signal }, work),
};

async function request(url: URL, signal: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    // What arrives goes to IndexedDB; a second copy in the HTTP cache would only take room.
    response = await fetch(url, { signal, cache: 'no-store' });
  } catch (error) {
    throwIfStopped(signal);
    const detail = error instanceof Error ? error.message : String(error);
    throw new FaultError({ kind: 'download', url: url.href, detail }, { cause: error });
  }
  if (response.ok) return response;
  const { status, statusText } = response;
  throw new FaultError({
    kind: 'download',
    url: url.href,
    status,
    detail: `HTTP ${status} ${statusText}`.trim(),
  });
}

async function readText(response: Response, url: URL, signal: AbortSignal): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throwIfStopped(signal);
    throw new FaultError(
      { kind: 'download', url: url.href, detail: 'the connection was cut' },
      { cause: error },
    );
  }
}

/** Reads a body of exactly `bytes` bytes and gives up as soon as it is longer. @throws FaultError `download` */
async function fetchExactly(
  url: URL,
  bytes: number,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const { body, status } = await request(url, signal);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let received = 0;
  try {
    for (const reader = body?.getReader(); reader !== undefined;) {
      const { done, value } = await reader.read();
      if (done) break;
      received += value.byteLength;
      if (received > bytes) {
        await reader.cancel();
        break;
      }
      parts.push(value);
      onBytes(value.byteLength);
    }
  } catch (error) {
    throwIfStopped(signal);
    const detail = `the connection was cut after ${received} of ${bytes} bytes`;
    throw new FaultError({ kind: 'download', url: url.href, detail }, { cause: error });
  }
  if (received === bytes) return new Blob(parts);
  const detail = `expected ${bytes} bytes, received ${received > bytes ? 'more' : received}`;
  throw new FaultError({ kind: 'download', url: url.href, status, detail });
}

async function reserveSpace(neededBytes: number): Promise<void> {
  if (neededBytes === 0) return;
  const { quota, usage } = await navigator.storage.estimate();
  if (quota === undefined) return;
  const freeBytes = Math.max(0, quota - (usage ?? 0));
  if (freeBytes < neededBytes) throw new FaultError({ kind: 'quota', neededBytes, freeBytes });
}
