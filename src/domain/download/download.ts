import { FaultError, throwIfStopped } from '../fault';
import { runLanes } from './lanes';
import type { FileManifest } from '../model/model';
import { withRetries, type RetryPolicy } from './retry';
import type { ShardStore } from '../run/ports';
import {
  isIntact,
  joinShards,
  readIntactShard,
  readStoredFile,
  type ObtainedFile,
  type TransferProgress,
} from './stored-file';

export type { TransferProgress } from './stored-file';

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
/** A shard of wrong bytes or of a wrong length may have been damaged on the way. */
const RETRIES: RetryPolicy = {
  pausesMs: [500, 2_000],
  alsoPassing: (fault) => fault.kind === 'integrity' || (fault.kind === 'download' && fault.status === 200),
};

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
): Promise<ObtainedFile> {
  const fileId = file.sha256;
  const stored = await ports.store.findFile(fileId);
  if (stored !== undefined) {
    const whole = await readStoredFile(stored, ports.store, onProgress, signal);
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

  const missing: number[] = [];
  for (const [index, shard] of manifest.shards.entries()) {
    throwIfStopped(signal);
    if ((await readIntactShard(fileId, index, shard, ports.store)) === undefined) {
      missing.push(index);
    } else {
      doneBytes += shard.bytes;
      report();
    }
  }
  await ports.reserve(missing.reduce((sum, index) => sum + (manifest.shards[index]?.bytes ?? 0), 0));

  await runLanes(
    PARALLEL_FETCHES,
    missing,
    async (index, laneSignal) => {
      const shard = manifest.shards[index];
      if (shard === undefined) return;
      const fetched = await fetchIntactShard(file.name, index, shard, ports, laneSignal, (count) => {
        doneBytes += count;
        receivedBytes += count;
        report();
      });
      await ports.store.writeShard(fileId, index, fetched);
    },
    signal,
  );

  await ports.store.commitFile({
    fileId,
    name: file.name,
    bytes: file.bytes,
    shards: manifest.shards.map(({ bytes, sha256 }) => ({ bytes, sha256 })),
    storedAt: ports.now(),
  });
  return { blob: await joinShards(fileId, manifest.shards.length, ports.store), sha256: file.sha256 };
}

function fetchIntactShard(
  name: string,
  index: number,
  shard: FileManifest['shards'][number],
  { fetchShard, pause }: TransferPorts,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<Blob> {
  const fetchOnce = async () => {
    let counted = 0;
    const count = (bytes: number) => {
      counted += bytes;
      onBytes(bytes);
    };
    try {
      const blob = await fetchShard(shard.path, shard.bytes, count, signal);
      if (await isIntact(blob, shard)) return blob;
      throw new FaultError({
        kind: 'integrity',
        file: name,
        shard: index,
        detail: 'the bytes received do not have the expected SHA-256',
      });
    } catch (error) {
      onBytes(-counted);
      throw error;
    }
  };
  return withRetries(fetchOnce, RETRIES, pause, signal);
}
