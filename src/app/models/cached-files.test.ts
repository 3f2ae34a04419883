import { describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import type { CachedFile } from '../../worker/protocol';
import { CachedFiles } from './cached-files.svelte';

const file = (fileId: string, storedAt: number): CachedFile => ({
  fileId,
  name: fileId,
  bytes: 10,
  storedAt,
  isWhole: true,
});

function make(estimate: StorageEstimate = { quota: 100, usage: 30 }) {
  let files = [file('old', 1), file('new', 2)];
  const cached = new CachedFiles({
    client: {
      listCached: () => Promise.resolve(files),
      deleteCached: (fileId) => {
        if (fileId === 'busy') {
          return Promise.reject(new FaultError({ kind: 'engine', detail: 'the file is being downloaded' }));
        }
        files = files.filter((each) => each.fileId !== fileId);
        return Promise.resolve();
      },
    },
    storage: {
      estimate: () => Promise.resolve(estimate),
      persisted: () => Promise.resolve(false),
      persist: () => Promise.resolve(true),
    },
  });
  return cached;
}

describe('CachedFiles', () => {
  it('lists the newest first, and how much room there is', async () => {
    const cached = make();
    expect(cached.files).toBeUndefined();
    await cached.refresh();
    expect(cached.files?.map(({ fileId }) => fileId)).toEqual(['new', 'old']);
    expect(cached.room).toEqual({ usedBytes: 30, freeBytes: 70 });
    expect(cached.persisted).toBe(false);
  });

  it('does without a browser that tells no quota', async () => {
    const cached = make({});
    await cached.refresh();
    expect([cached.room, cached.files?.length, cached.fault]).toEqual([undefined, 2, undefined]);
  });

  it('deletes, and tells why it could not', async () => {
    const cached = make();
    await cached.delete('old');
    expect(cached.files?.map(({ fileId }) => fileId)).toEqual(['new']);
    await cached.delete('busy');
    expect(cached.fault).toMatchObject({ detail: 'the file is being downloaded' });
    await cached.refresh();
    expect(cached.fault).toBeUndefined();
  });

  it('asks the browser to keep it', async () => {
    const cached = make();
    await cached.persist();
    expect(cached.persisted).toBe(true);
  });
});
