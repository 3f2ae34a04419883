import { FaultError, throwIfStopped, toFault } from './fault';
import { sha256Hex } from './hash';
import type { FileManifest } from './model';
import type { ShardStore, StoredFile } from './ports';

export interface TransferProgress {
  /** Bytes present and checked so far, from the cache and the network together. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of `doneBytes`, those that came over the network. */
  readonly receivedBytes: number;
}

export interface TransferPorts {
  readonly store: ShardStore;
  /** Only asked when the store lacks the file or part of it. */
  readonly loadManifest: (signal: AbortSignal) => Promise<FileManifest>;
  /**
   * Fetches one shard, telling of its bytes as they arrive.
   * @throws FaultError `download`
   */
  readonly fetchShard: (
    path: string,
    bytes: number,
    onBytes: (count: number) => void,
    signal: AbortSignal,
  ) => Promise<Blob>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** @throws FaultError `quota` when so many bytes will not fit */
  readonly reserve: (bytes: number) => Promise<void>;
  /** Waits before another try. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const PARALLEL_FETCHES = 3;
const RETRY_PAUSES_MS = [500, 2000];

/**
 * Makes a file available: every stored shard is checked against its SHA-256, those missing or damaged are fetched,
 * checked and stored, and last the file is declared whole. What arrived before a stop or a fault is kept.
 * @returns the file as one Blob over its shards; nothing is read until the engine does
 * @throws FaultError `download`, `integrity`, `quota` or `stopped`
 */
export async function obtainFile(
  file: { readonly name: string; readonly bytes: number; readonly sha256: string },
  ports: TransferPorts,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const fileId = file.sha256;
  const stored = await ports.store.findFile(fileId);
  if (stored !== undefined) {
    const whole = await readStoredFile(stored, ports, onProgress, signal);
    if (whole !== undefined) return whole;
  }

  const manifest = await ports.loadManifest(signal);
  if (manifest.sha256 !== file.sha256 || manifest.bytes !== file.bytes) {
    throw new FaultError({
      kind: 'integrity',
      file: file.name,
      detail: 'the manifest describes another file than the catalog',
    });
  }

  let doneBytes = 0;
  let receivedBytes = 0;
  const report = () => onProgress({ doneBytes, totalBytes: file.bytes, receivedBytes });
  report();

  const shards = new Array<Blob>(manifest.shards.length);
  const missing: number[] = [];
  for (const [index, shard] of manifest.shards.entries()) {
    throwIfStopped(signal);
    const found = await readIntactShard(fileId, index, shard, ports.store);
    if (found === undefined) {
      missing.push(index);
    } else {
      shards[index] = found;
      doneBytes += shard.bytes;
      report();
    }
  }
  await ports.reserve(missing.reduce((sum, index) => sum + (manifest.shards[index]?.bytes ?? 0), 0));

  // One failed shard stops its neighbours at once, instead of letting them fill the disk behind an error message.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = missing.values();
  const fetchFromQueue = async () => {
    for (const index of queue) {
      const shard = manifest.shards[index];
      if (shard === undefined) continue;
      shards[index] = await fetchIntactShard(file.name, index, shard, ports, either, (count) => {
        doneBytes += count;
        receivedBytes += count;
        report();
      });
      await ports.store.writeShard(fileId, index, shards[index]);
    }
  };
  const workers = Array.from({ length: PARALLEL_FETCHES }, () =>
    fetchFromQueue().catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  throwIfStopped(signal);
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [toFault(outcome.reason)] : [],
  );
  const fault = faults.find(({ kind }) => kind !== 'stopped') ?? faults[0];
  if (fault !== undefined) throw new FaultError(fault);

  await ports.store.commitFile({
    fileId,
    name: file.name,
    bytes: file.bytes,
    shards: manifest.shards.map(({ bytes, sha256 }) => ({ bytes, sha256 })),
    storedAt: ports.now(),
  });
  return new Blob(shards);
}

/** @returns undefined when a shard is missing or damaged, so that it is fetched anew */
async function readStoredFile(
  stored: StoredFile,
  ports: TransferPorts,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<Blob | undefined> {
  const shards: Blob[] = [];
  let doneBytes = 0;
  for (const [index, shard] of stored.shards.entries()) {
    throwIfStopped(signal);
    const found = await readIntactShard(stored.fileId, index, shard, ports.store);
    if (found === undefined) return undefined;
    shards.push(found);
    doneBytes += shard.bytes;
    onProgress({ doneBytes, totalBytes: stored.bytes, receivedBytes: 0 });
  }
  return new Blob(shards);
}

async function readIntactShard(
  fileId: string,
  index: number,
  expected: { readonly bytes: number; readonly sha256: string },
  store: ShardStore,
): Promise<Blob | undefined> {
  const shard = await store.readShard(fileId, index);
  return shard !== undefined && (await isIntact(shard, expected)) ? shard : undefined;
}

async function isIntact(
  shard: Blob,
  expected: { readonly bytes: number; readonly sha256: string },
): Promise<boolean> {
  if (shard.size !== expected.bytes) return false;
  return (await sha256Hex(await shard.arrayBuffer())) === expected.sha256;
}

async function fetchIntactShard(
  name: string,
  index: number,
  shard: FileManifest['shards'][number],
  ports: TransferPorts,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<Blob> {
  for (let attempt = 0; ; attempt++) {
    let counted = 0;
    try {
      const blob = await ports.fetchShard(
        shard.path,
        shard.bytes,
        (count) => {
          counted += count;
          onBytes(count);
        },
        signal,
      );
      if (await isIntact(blob, shard)) return blob;
      throw new FaultError({
        kind: 'integrity',
        file: name,
        shard: index,
        detail: 'the bytes received do not have the expected SHA-256',
      });
    } catch (error) {
      onBytes(-counted);
      const fault = toFault(error);
      const pauseMs = RETRY_PAUSES_MS[attempt];
      if (pauseMs === undefined || !isWorthRetrying(fault)) throw error;
      await ports.pause(pauseMs, signal);
    }
  }
}

function isWorthRetrying(fault: ReturnType<typeof toFault>): boolean {
  if (fault.kind === 'integrity') return true;
  // 4xx will not change by asking again, except for "too many requests".
  if (fault.kind !== 'download') return false;
  return fault.status === undefined || fault.status >= 500 || fault.status === 429 || fault.status === 200;
}
