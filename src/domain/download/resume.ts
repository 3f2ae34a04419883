import { throwIfStopped } from '../fault';
import type { FileStore, OpenDownload } from '../run/ports';
import type { RemoteFile } from './remote-file';
import type { ShardLayout } from './shard-layout';
import { readIntactShard } from './stored-file';

/** Goes on with an earlier download if it was of the same content; otherwise drops what there is of it. */
export async function resumeOrBegin(
  { name, source }: { readonly name: string; readonly source: string },
  fileId: string,
  remote: RemoteFile,
  { store, now }: { readonly store: FileStore; readonly now: () => number },
): Promise<OpenDownload> {
  const earlier = await store.findDownload(fileId);
  const isSame =
    earlier !== undefined &&
    earlier.bytes === remote.bytes &&
    (remote.sha256 === fileId ||
      remote.etag === undefined ||
      earlier.etag === undefined ||
      earlier.etag === remote.etag);
  if (earlier !== undefined && !isSame) await store.deleteFile(fileId);
  await dropOutdated(source, fileId, store);
  const etag = remote.etag ?? (isSame ? earlier.etag : undefined);
  const open: OpenDownload = {
    fileId,
    source,
    name,
    bytes: remote.bytes,
    ...(etag !== undefined && { etag }),
    startedAt: isSame ? earlier.startedAt : now(),
  };
  await store.saveDownload(open);
  return open;
}

/** Deletes what the same place held before: nothing finds it any more. */
async function dropOutdated(source: string, fileId: string, store: FileStore): Promise<void> {
  for (const each of [...(await store.listFiles()), ...(await store.listDownloads())]) {
    if (each.source === source && each.fileId !== fileId) await store.deleteFile(each.fileId);
  }
}

/** How much of each shard is stored, in bytes from the shard's start; what can't be used is deleted. */
export async function findPresentBytes(
  fileId: string,
  { hasRanges, shards }: RemoteFile,
  layout: ShardLayout,
  store: FileStore,
  signal: AbortSignal,
): Promise<readonly number[]> {
  // A file that was whole and no longer is: its record tells which shard is damaged.
  const hashes = shards?.sha256 ?? (await store.findFile(fileId))?.shards.map(({ sha256 }) => sha256);
  const present: number[] = [];
  let hasGap = false;
  for (let index = 0; index < layout.shardCount; index++) {
    throwIfStopped(signal);
    const bytes = layout.bytesOf(index);
    const size = (await store.readShard(fileId, index))?.size ?? 0;
    const sha256 = hashes?.[index];
    const isUsable =
      layout.isStorable(index, size) &&
      // Only a whole shard has a known hash; parts are checked when the shard is whole.
      (sha256 === undefined ||
        (size < bytes && shards !== undefined) ||
        (await readIntactShard(fileId, index, { bytes, sha256 }, store)) !== undefined) &&
      // A host without ranges sends everything behind the first gap anyway.
      (hasRanges || !hasGap);
    if (!isUsable && size > 0) await store.deleteShard(fileId, index);
    present.push(isUsable ? size : 0);
    hasGap ||= present[index] !== bytes;
  }
  return present;
}
