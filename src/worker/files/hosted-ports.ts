import type { DownloadPorts } from '../../domain/download/download';
import { FaultError, throwIfStopped } from '../../domain/fault';
import { parseFileManifest, type FileManifest } from '../../domain/model/model';
import type { FileStore } from '../../domain/run/ports';
import { devicePorts } from './device-ports';
import { openUrlRange } from './url-ports';

interface HostedFile {
  readonly name: string;
  readonly bytes: number;
  /** Of the whole file, as hex. */
  readonly sha256: string;
  /** Path of its list of shards, below the folder of the page's models. */
  readonly manifest: string;
}

/** The browser's side of the download of a file that lies as ready-made shards below `modelsUrl`, beside the page. */
export function createHostedPorts(
  file: HostedFile,
  modelsUrl: string,
  store: FileStore,
  stallMs?: number,
): DownloadPorts & { readonly source: string } {
  const manifestUrl = new URL(file.manifest, modelsUrl);
  let loaded: FileManifest | undefined;
  return {
    source: manifestUrl.href,
    store,
    ...devicePorts,
    async describe(signal) {
      const manifest = await loadManifest(manifestUrl, signal);
      if (manifest.sha256 !== file.sha256 || manifest.bytes !== file.bytes) {
        throw new FaultError({
          kind: 'integrity',
          file: file.name,
          detail: 'the manifest describes another file than the catalog',
        });
      }
      loaded = manifest;
      return {
        bytes: manifest.bytes,
        sha256: manifest.sha256,
        hasRanges: true,
        shards: {
          shardBytes: manifest.shardBytes,
          sha256: manifest.shards.map(({ sha256 }) => sha256),
        },
      };
    },
    async openRange(start, end, signal) {
      loaded ??= await loadManifest(manifestUrl, signal);
      const shard = findShard(loaded, start);
      const { body, start: from } = await openUrlRange(
        new URL(shard.path, manifestUrl).href,
        start - shard.start,
        Math.min(end - shard.start, shard.bytes),
        signal,
        stallMs,
      );
      // Marks and sizes in the answer are the shard's, not the file's.
      return { start: shard.start + from, body };
    },
  };
}

/** The shard that holds the byte at `position`, and where it begins in the file. */
function findShard(
  { shardBytes, shards }: FileManifest,
  position: number,
): { readonly start: number; readonly path: string; readonly bytes: number } {
  const index = Math.floor(position / shardBytes);
  const shard = shards[index];
  if (shard === undefined) throw new RangeError(`no shard holds the byte ${position}`);
  return { ...shard, start: index * shardBytes };
}

/** @throws FaultError `download`, or `bad-input` for a list that does not add up */
export async function loadManifest(url: URL, signal: AbortSignal): Promise<FileManifest> {
  const text = await readText(await request(url, signal), url, signal);
  try {
    return parseFileManifest(JSON.parse(text));
  } catch (error) {
    if (error instanceof FaultError) throw error;
    // A host that answers every path with its start page, most likely.
    throw new FaultError({ kind: 'download', url: url.href, detail: 'not a file manifest' });
  }
}

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
