import { createStore, get, set } from 'idb-keyval';
import { FaultError } from '../domain/fault';
import type { ShardStore, StoredFile } from '../domain/ports';

/**
 * Model files in IndexedDB, shard by shard. The entry in `files` is written after the last shard, so a half-written
 * file is never taken for a whole one; its shards stay and are used when the download goes on.
 */
export function createShardStore(): ShardStore {
  // idb-keyval holds one object store per database.
  const files = createStore('wizardbench-files', 'files');
  const shards = createStore('wizardbench-shards', 'shards');
  const shardKey = (fileId: string, index: number) => `${fileId}/${index}`;
  return {
    findFile: (fileId) => get<StoredFile>(fileId, files),
    readShard: (fileId, index) => get<Blob>(shardKey(fileId, index), shards),
    async writeShard(fileId, index, shard) {
      try {
        await set(shardKey(fileId, index), shard, shards);
      } catch (error) {
        if (error instanceof Error && error.name === 'QuotaExceededError') {
          throw new FaultError({ kind: 'quota', neededBytes: shard.size }, { cause: error });
        }
        throw error;
      }
    },
    commitFile: (file) => set(file.fileId, file, files),
  };
}
