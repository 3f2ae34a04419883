import { createStore, del, get, promisifyRequest, set, values } from 'idb-keyval';
import { FaultError } from '../domain/fault';
import type { FileStore, OpenDownload, StoredFile } from '../domain/run/ports';

/**
 * Model files in IndexedDB, shard by shard. The entry in `files` is written after the last shard, so a half-written
 * file is never taken for a whole one; its shards and parts of shards stay and are used when the download goes on.
 */
export function createShardStore(): FileStore {
  // idb-keyval holds one object store per database.
  const files = createStore('wizardbench-files', 'files');
  const downloads = createStore('wizardbench-downloads', 'downloads');
  const shards = createStore('wizardbench-shards', 'shards');
  const shardKey = (fileId: string, index: number) => `${fileId}/${index}`;
  const partKey = (fileId: string, index: number, part: number) =>
    `${shardKey(fileId, index)}+${String(part).padStart(4, '0')}`;
  const partRange = (fileId: string, index: number) => keysStartingWith(`${shardKey(fileId, index)}+`);

  const write = async (key: string, bytes: Blob) => {
    try {
      await set(key, bytes, shards);
    } catch (error) {
      if (error instanceof Error && error.name === 'QuotaExceededError') {
        throw new FaultError({ kind: 'quota', neededBytes: bytes.size }, { cause: error });
      }
      throw error;
    }
  };

  return {
    findFile: (fileId) => get<StoredFile>(fileId, files),
    async listFiles() {
      const all = await values<StoredFile>(files);
      return all.sort((a, b) => a.storedAt - b.storedAt);
    },
    async readShard(fileId, index) {
      const [whole, parts] = await shards('readonly', (store) =>
        Promise.all([
          promisifyRequest<Blob | undefined>(store.get(shardKey(fileId, index))),
          promisifyRequest<Blob[]>(store.getAll(partRange(fileId, index))),
        ]),
      );
      // One Blob over all parts: they are copied neither now nor when it is read.
      return whole ?? (parts.length === 0 ? undefined : new Blob(parts));
    },
    writeShard: (fileId, index, shard) => write(shardKey(fileId, index), shard),
    writePart: (fileId, index, part, bytes) => write(partKey(fileId, index, part), bytes),
    async commitFile(file) {
      await set(file.fileId, file, files);
      await del(file.fileId, downloads);
    },
    listDownloads: () => values<OpenDownload>(downloads),
    findDownload: (fileId) => get<OpenDownload>(fileId, downloads),
    saveDownload: (download) => set(download.fileId, download, downloads),
    deleteShard: (fileId, index) =>
      shards('readwrite', (store) => {
        store.delete(shardKey(fileId, index));
        store.delete(partRange(fileId, index));
        return promisifyRequest(store.transaction);
      }),
    async deleteFile(fileId) {
      // In this order: a file that is half deleted must not be taken for a whole one.
      await del(fileId, files);
      await shards('readwrite', (store) => {
        store.delete(keysStartingWith(`${fileId}/`));
        return promisifyRequest(store.transaction);
      });
      await del(fileId, downloads);
    },
  };
}

function keysStartingWith(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}
