import 'fake-indexeddb/auto';
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredFile } from '../domain/run/ports';
import { createShardStore } from './shard-store';

const FILE = 'a'.repeat(64);
const stored: StoredFile = {
  fileId: FILE,
  name: 'weights.gguf',
  bytes: 4,
  shards: [
    { bytes: 2, sha256: 'b'.repeat(64) },
    { bytes: 2, sha256: 'c'.repeat(64) },
  ],
  storedAt: 1_763_800_000_000,
};

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe('createShardStore', () => {
  it('has nothing at first', async () => {
    const store = createShardStore();
    expect(await store.findFile(FILE)).toBeUndefined();
    expect(await store.readShard(FILE, 0)).toBeUndefined();
  });

  it('gives back the bytes of each shard, also after the page was closed', async () => {
    const store = createShardStore();
    await store.writeShard(FILE, 0, new Blob(['ab']));
    await store.writeShard(FILE, 1, new Blob(['cd']));
    const later = createShardStore();
    expect(await (await later.readShard(FILE, 0))?.text()).toBe('ab');
    expect(await (await later.readShard(FILE, 1))?.text()).toBe('cd');
    expect(await later.readShard(FILE, 2)).toBeUndefined();
  });

  it('takes a file for whole only once that was declared', async () => {
    const store = createShardStore();
    await store.writeShard(FILE, 0, new Blob(['ab']));
    await store.writeShard(FILE, 1, new Blob(['cd']));
    expect(await store.findFile(FILE)).toBeUndefined();
    await store.commitFile(stored);
    expect(await createShardStore().findFile(FILE)).toEqual(stored);
  });

  it('replaces a shard', async () => {
    const store = createShardStore();
    await store.writeShard(FILE, 0, new Blob(['bad']));
    await store.writeShard(FILE, 0, new Blob(['good']));
    expect(await (await store.readShard(FILE, 0))?.text()).toBe('good');
  });

  it('keeps files apart', async () => {
    const store = createShardStore();
    await store.writeShard(FILE, 1, new Blob(['one']));
    await store.writeShard(`${FILE}/1`, 1, new Blob(['other']));
    await store.commitFile(stored);
    expect(await (await store.readShard(FILE, 1))?.text()).toBe('one');
    expect(await store.findFile('b'.repeat(64))).toBeUndefined();
  });

  it('says quota when the disk is full, and how much did not fit', async () => {
    const store = createShardStore();
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(store.writeShard(FILE, 0, new Blob(['abc']))).rejects.toMatchObject({
      fault: { kind: 'quota', neededBytes: 3 },
    });
  });

  it('passes on any other failure', async () => {
    const store = createShardStore();
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('gone', 'InvalidStateError');
    });
    await expect(store.writeShard(FILE, 0, new Blob(['abc']))).rejects.toMatchObject({
      name: 'InvalidStateError',
    });
  });

  it("gives the parts of a shard as one, in order, apart from its neighbours'", async () => {
    const store = createShardStore();
    for (const part of [1, 0, 2, 10]) await store.writePart(FILE, 1, part, new Blob([`${part}.`]));
    await store.writePart(FILE, 11, 0, new Blob(['other shard']));
    expect(await (await createShardStore().readShard(FILE, 1))?.text()).toBe('0.1.2.10.');
    expect(await store.readShard(FILE, 0)).toBeUndefined();
    await store.deleteShard(FILE, 1);
    expect(await store.readShard(FILE, 1)).toBeUndefined();
    expect(await (await store.readShard(FILE, 11))?.text()).toBe('other shard');
  });

  it('knows of a download until its file is whole', async () => {
    const store = createShardStore();
    const download = { fileId: FILE, source: 'x', name: 'weights.gguf', bytes: 4, etag: '"x"', startedAt: 1 };
    await store.saveDownload(download);
    expect(await createShardStore().findDownload(FILE)).toEqual(download);
    expect(await store.listDownloads()).toEqual([download]);
    await store.commitFile(stored);
    expect(await store.listDownloads()).toEqual([]);
  });

  it('lists whole files, oldest first', async () => {
    const store = createShardStore();
    await store.commitFile({ ...stored, fileId: 'b'.repeat(64), storedAt: 2 });
    await store.commitFile({ ...stored, fileId: 'c'.repeat(64), storedAt: 1 });
    expect((await store.listFiles()).map(({ storedAt }) => storedAt)).toEqual([1, 2]);
  });

  it('deletes a file with its shards and parts, and no other', async () => {
    const store = createShardStore();
    const other = 'b'.repeat(64);
    for (const fileId of [FILE, other]) {
      await store.writeShard(fileId, 0, new Blob(['ab']));
      await store.writePart(fileId, 1, 0, new Blob(['cd']));
      await store.commitFile({ ...stored, fileId });
    }
    await store.deleteFile(FILE);
    expect(await store.findFile(FILE)).toBeUndefined();
    expect(await store.readShard(FILE, 0)).toBeUndefined();
    expect(await store.readShard(FILE, 1)).toBeUndefined();
    expect(await store.findFile(other)).toBeDefined();
    expect(await (await store.readShard(other, 1))?.text()).toBe('cd');
  });
});
