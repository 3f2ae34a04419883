import { throwIfStopped } from '../fault';
import { sha256Hex } from '../hash';
import type { ShardStore, StoredFile } from '../run/ports';

export interface TransferProgress {
  /** Bytes present and checked so far, from the cache and the network together. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Of `doneBytes`, those that came over the network. */
  readonly receivedBytes: number;
}

/** A whole file; nothing of it is in memory until it is read. */
export interface ObtainedFile {
  readonly blob: Blob;
  /** Of the whole file, as hex. */
  readonly sha256: string;
}

/**
 * Checks every shard of a stored file against its SHA-256.
 * @returns undefined when one is missing or damaged, so that it is fetched anew
 * @throws FaultError `stopped`
 */
export async function readStoredFile(
  stored: StoredFile,
  store: ShardStore,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile | undefined> {
  const shards: Blob[] = [];
  let doneBytes = 0;
  for (const [index, shard] of stored.shards.entries()) {
    throwIfStopped(signal);
    const found = await readIntactShard(stored.fileId, index, shard, store);
    if (found === undefined) return undefined;
    shards.push(found);
    doneBytes += shard.bytes;
    onProgress({ doneBytes, totalBytes: stored.bytes, receivedBytes: 0 });
  }
  return { blob: new Blob(shards), sha256: stored.sha256 ?? stored.fileId };
}

/** @returns undefined when the shard is missing or damaged */
export async function readIntactShard(
  fileId: string,
  index: number,
  expected: { readonly bytes: number; readonly sha256: string },
  store: ShardStore,
): Promise<Blob | undefined> {
  const shard = await store.readShard(fileId, index);
  return shard !== undefined && (await isIntact(shard, expected)) ? shard : undefined;
}

export async function isIntact(
  shard: Blob,
  expected: { readonly bytes: number; readonly sha256: string },
): Promise<boolean> {
  if (shard.size !== expected.bytes) return false;
  return (await sha256Hex(await shard.arrayBuffer())) === expected.sha256;
}

/** One Blob over all shards of a file just stored: what was fetched need not stay in memory. */
export async function joinShards(fileId: string, count: number, store: ShardStore): Promise<Blob> {
  const shards: Blob[] = [];
  for (let index = 0; index < count; index++) {
    const shard = await store.readShard(fileId, index);
    if (shard === undefined) throw new Error(`shard ${index} of ${fileId} is gone`);
    shards.push(shard);
  }
  return new Blob(shards);
}
