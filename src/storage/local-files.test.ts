import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import type * as IdbKeyval from 'idb-keyval';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultError } from '../domain/fault';
import { createLocalFileStore } from './local-files';

/** What a handle does outside of its class; IndexedDB copies data, so the file system is kept elsewhere. */
const disk = new Map<string, File>();
const permissions = { query: 'granted', request: 'granted', requests: 0 };

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  disk.clear();
  Object.assign(permissions, { query: 'granted', request: 'granted', requests: 0 });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const makeFile = (text: string, lastModified = 1_700_000_000_000) =>
  new File([text], 'mine.gguf', { lastModified });

/** Node has no handles and no way to copy one: what comes back from the store is given its behaviour again. */
vi.mock('idb-keyval', async (load) => {
  const real = await load<typeof IdbKeyval>();
  return {
    ...real,
    set: (key: string, value: { handle: { name: string } }, store: unknown) =>
      real.set(key, { ...value, handle: { name: value.handle.name } }, store as never),
    get: async (key: string, store: unknown) => {
      const value: { handle: { name: string } } | undefined = await real.get(key, store as never);
      return value && { ...value, handle: makeHandle(value.handle.name) };
    },
  };
});

function makeHandle(name: string): FileSystemFileHandle {
  const handle = {
    kind: 'file' as const,
    name,
    getFile: () => {
      const file = disk.get(name);
      return file ? Promise.resolve(file) : Promise.reject(new DOMException('gone', 'NotFoundError'));
    },
    queryPermission: () => Promise.resolve(permissions.query),
    requestPermission: () => {
      permissions.requests++;
      return Promise.resolve(permissions.request);
    },
  };
  return handle as unknown as FileSystemFileHandle;
}

async function pick(text = 'GGUF') {
  const file = makeFile(text);
  disk.set('mine.gguf', file);
  return (await createLocalFileStore().remember(file, makeHandle('mine.gguf'))).key;
}

const faultOf = async (promise: Promise<unknown>): Promise<unknown> => {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  return outcome instanceof FaultError ? outcome.fault : outcome;
};

describe('createLocalFileStore', () => {
  it('has a file without a handle as long as the page lives', async () => {
    const store = createLocalFileStore();
    const file = makeFile('GGUF');
    const { key } = await store.remember(file);
    expect((await store.open(key)).file).toBe(file);
    expect(await store.list()).toEqual([]);
    expect(await faultOf(createLocalFileStore().open(key))).toMatchObject({
      kind: 'bad-input',
      what: 'local file',
      detail: 'it has to be picked again',
    });
  });

  it('finds a file again by its handle', async () => {
    const key = await pick();
    const later = createLocalFileStore();
    expect(await (await later.open(key)).file.text()).toBe('GGUF');
    expect(await later.list()).toEqual([
      { key, name: 'mine.gguf', bytes: 4, lastModified: 1_700_000_000_000 },
    ]);
    expect(permissions.requests).toBe(0);
  });

  it('asks for permission again where the browser wants that', async () => {
    const key = await pick();
    permissions.query = 'prompt';
    await createLocalFileStore().open(key);
    expect(permissions.requests).toBe(1);
  });

  it.each([
    ['denied', 'granted'],
    ['prompt', 'denied'],
    ['prompt', 'prompt'],
  ])('says when reading is not allowed (%s, then %s)', async (query, request) => {
    const key = await pick();
    Object.assign(permissions, { query, request });
    expect(await faultOf(createLocalFileStore().open(key))).toMatchObject({
      detail: expect.stringContaining('not allowed') as string,
    });
  });

  it.each<[what: string, change: () => unknown, detail: string]>([
    ['moved', () => disk.clear(), 'moved or deleted'],
    ['rewritten', () => disk.set('mine.gguf', makeFile('GGUF', 1_800_000_000_000)), 'changed'],
    ['longer', () => disk.set('mine.gguf', makeFile('GGUF+')), 'changed'],
  ])('says when a file was %s', async (_what, change, detail) => {
    const key = await pick();
    change();
    expect(await faultOf(createLocalFileStore().open(key))).toMatchObject({
      kind: 'bad-input',
      what: 'local file',
      detail: expect.stringContaining(detail) as string,
    });
  });

  it('has one key for one file, and another once it has changed', async () => {
    const store = createLocalFileStore();
    const { key } = await store.remember(makeFile('GGUF'));
    expect((await store.remember(makeFile('GGUF'))).key).toBe(key);
    expect((await store.remember(makeFile('GGUF', 5))).key).not.toBe(key);
    expect((await store.remember(makeFile('GGUF+'))).key).not.toBe(key);
  });

  it('forgets', async () => {
    const key = await pick();
    const store = createLocalFileStore();
    await store.forget(key);
    expect(await store.list()).toEqual([]);
    expect(await faultOf(store.open(key))).toMatchObject({ kind: 'bad-input' });
  });
});
