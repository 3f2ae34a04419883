import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { createHash, randomFillSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHub } from '../../../e2e/hub-stand-in.mjs';
import { FaultError, type Fault } from '../../domain/fault';
import { makeLocalKey, type LocalFile } from '../../domain/download/local-file';
import type { Inspected, InspectedModel } from '../../domain/model/gguf-model';
import type { Artifact } from '../../domain/model/model';
import { createSettingsStore } from '../../storage/settings-store';
import { createShardStore } from '../../storage/shard-store';
import { encodeGguf } from '../../inference/testing/gguf-writer.mjs';
import { createRandomModel } from '../../inference/testing/random-model.mjs';
import { createModelFilesApi } from './model-files';
import { importLocalFile, obtainFiles, type OpeningEvent } from './obtain-files';

const MODEL = 'some-one/tiny-GGUF/tiny.Q4_0.gguf';
const PROJECTOR = 'some-one/tiny-GGUF/mmproj-tiny.gguf';
const model = createRandomModel({ type: 'Q4_0' });
const projector = encodeGguf({
  entries: [{ key: 'general.architecture', type: 'str', value: 'clip' }],
  tensors: [],
});
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const { signal } = new AbortController();

let hub: Awaited<ReturnType<typeof startHub>>;
const held = new Set<string>();

beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  held.clear();
  vi.stubGlobal('navigator', {
    storage: { estimate: () => Promise.resolve({}) },
    // As Web Locks do, for one tab: see url-ports.test.ts for two.
    locks: {
      request: async (name: string, options: { ifAvailable?: boolean }, work: (lock: unknown) => unknown) => {
        if (held.has(name)) return options.ifAvailable === true ? work(null) : undefined;
        held.add(name);
        try {
          return await work({ name });
        } finally {
          held.delete(name);
        }
      },
    },
  });
  hub = await startHub({ [MODEL]: { bytes: model }, [PROJECTOR]: { bytes: projector } });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await hub.close();
});

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

async function pick(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<LocalFile> {
  const file = new File([bytes], name, { lastModified: 1_700_000_000_000 });
  return { key: await makeLocalKey(file), file };
}

function openStores() {
  const shards = createShardStore();
  return { shards, settings: createSettingsStore(), api: createModelFilesApi(shards) };
}

function obtain(artifact: Artifact, stores: ReturnType<typeof openStores>, localFiles: LocalFile[] = []) {
  const events: OpeningEvent[] = [];
  const places = { modelsUrl: 'https://x.example/', localFiles };
  return { events, files: obtainFiles(artifact, places, stores, (event) => events.push(event), signal) };
}

function asModel(inspected: Inspected): InspectedModel {
  if ('adapter' in inspected) throw new Error('an adapter');
  return inspected;
}

const first = (artifacts: readonly Artifact[]): Artifact => {
  const [artifact] = artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  return artifact;
};
const bytesOf = async (blob: Blob | undefined) => new Uint8Array((await blob?.arrayBuffer()) ?? []);

describe('a model on the Hub', () => {
  it('is inspected by its address, downloaded with its projector, and found again without the network', async () => {
    const stores = openStores();
    const { model: row } = asModel(
      await stores.api.inspectUrls([hub.fileUrl(MODEL), hub.fileUrl(PROJECTOR)], hub.url),
    );
    expect(row).toMatchObject({ source: 'https://huggingface.co/some-one/tiny-GGUF', vision: true });
    const artifact = first(row.artifacts);
    const { files, events } = obtain(artifact, stores);
    expect((await files).map(({ name, role, sha256: hash }) => ({ name, role, hash }))).toEqual([
      { name: 'tiny.Q4_0.gguf', role: undefined, hash: sha256(model) },
      { name: 'mmproj-tiny.gguf', role: 'mmproj', hash: sha256(projector) },
    ]);
    expect(await bytesOf((await files)[0]?.blob)).toEqual(model);
    expect(events[0]).toEqual({ type: 'phase', phase: 'checking' });
    expect(events).toContainEqual({ type: 'phase', phase: 'downloading' });
    const total = model.length + projector.length;
    expect(events.at(-1)).toEqual({
      type: 'transfer',
      progress: { doneBytes: total, totalBytes: total, receivedBytes: total },
    });

    hub.requests.length = 0;
    const again = obtain(artifact, openStores());
    expect(await bytesOf((await again.files)[0]?.blob)).toEqual(model);
    expect(hub.requests).toEqual([]);
    expect(again.events).not.toContainEqual({ type: 'phase', phase: 'downloading' });
  });

  it('takes the page of a file for the file', async () => {
    const page = hub.fileUrl(MODEL).replace('/resolve/', '/blob/');
    const { model: row } = asModel(await openStores().api.inspectUrls([page], hub.url));
    expect(row.artifacts[0]?.files[0]?.url).toBe(hub.fileUrl(MODEL));
  });

  it('knows all parts of a split file by one', async () => {
    const part = (number: number) => ({
      bytes: encodeGguf({
        entries: [
          { key: 'general.architecture', type: 'str', value: 'llama' },
          { key: 'split.no', type: 'u16', value: number },
          { key: 'split.count', type: 'u16', value: 2 },
        ],
        tensors: [],
      }),
    });
    const name = (number: number) => `some-one/split-GGUF/m-0000${number}-of-00002.gguf`;
    const split = await startHub({ [name(1)]: part(0), [name(2)]: part(1) });
    const { model: row } = asModel(await openStores().api.inspectUrls([split.fileUrl(name(2))], split.url));
    expect(row.artifacts[0]?.files.map(({ url }) => url)).toEqual([
      split.fileUrl(name(1)),
      split.fileUrl(name(2)),
    ]);
    await split.close();
  });

  it.each(['', 'tiny.gguf', 'ftp://x.example/tiny.gguf', 'javascript:alert(1)'])(
    'refuses %j',
    async (url) => {
      expect(await faultOf(openStores().api.inspectUrls([url]))).toMatchObject({ kind: 'bad-input' });
    },
  );
});

describe('a picked file', () => {
  it('runs as it is, without a copy, and is hashed once', async () => {
    const picked = await pick('mine.Q4_0.gguf', model);
    const stores = openStores();
    const { model: row, templateFrom } = asModel(await stores.api.inspectFiles([picked]));
    expect(templateFrom).toBe('plain');
    const artifact = first(row.artifacts);
    const [file] = await obtain(artifact, stores, [picked]).files;
    expect(file?.blob).toBe(picked.file);
    expect(file?.sha256).toBe(sha256(model));
    expect(await stores.shards.listFiles()).toEqual([]);
    const again = obtain(artifact, openStores(), [picked]);
    expect((await again.files)[0]?.sha256).toBe(sha256(model));
    expect(again.events).toEqual([{ type: 'phase', phase: 'checking' }]);
  });

  it('has to be picked again when the page does not have it', async () => {
    const picked = await pick('mine.gguf', model);
    const stores = openStores();
    const { model: row } = asModel(await stores.api.inspectFiles([picked]));
    expect(await faultOf(obtain(first(row.artifacts), stores).files)).toMatchObject({
      kind: 'bad-input',
      what: 'local file',
    });
  });

  it('that was copied in is there without being picked', async () => {
    const picked = await pick('mine.gguf', model);
    const stores = openStores();
    const { model: row } = asModel(await stores.api.inspectFiles([picked]));
    await importLocalFile(picked, stores.shards, () => undefined, signal);
    expect(await stores.api.listCached()).toMatchObject([
      { name: 'mine.gguf', bytes: model.length, isWhole: true },
    ]);
    const [file] = await obtain(first(row.artifacts), openStores()).files;
    expect(await bytesOf(file?.blob)).toEqual(model);
    expect(file?.sha256).toBe(sha256(model));
  });

  it('that is no GGUF is refused by name of what it is', async () => {
    const picked = await pick('page.gguf', new TextEncoder().encode('<!doctype html>'));
    expect(await faultOf(openStores().api.inspectFiles([picked]))).toMatchObject({
      kind: 'bad-input',
      what: 'GGUF file',
    });
  });
});

describe('the store', () => {
  it('shows and deletes what is in it, also what is unfinished', async () => {
    const large = randomFillSync(new Uint8Array(6_000_000));
    const other = await startHub({ [MODEL]: { bytes: large } });
    other.fail({ on: 'cdn', status: 403, after: 2 });
    other.fail({ on: 'cdn', cutAfterBytes: 5_000_000, after: 1, times: 1 });
    const stores = openStores();
    const artifact: Artifact = {
      id: 'a',
      format: 'gguf',
      quantization: 'Q4_0',
      contextTokens: 1,
      files: [{ name: 'large.gguf', bytes: large.length, url: other.fileUrl(MODEL) }],
      companions: [],
      unverified: false,
    };
    expect(await faultOf(obtain(artifact, stores).files)).toMatchObject({ kind: 'download', status: 403 });
    const [unfinished] = await stores.api.listCached();
    expect(unfinished).toMatchObject({ name: 'large.gguf', bytes: large.length, isWhole: false });

    held.add(`wizardbench-file-${unfinished?.fileId ?? ''}`);
    expect(await faultOf(stores.api.deleteCached(unfinished?.fileId ?? ''))).toMatchObject({
      kind: 'engine',
    });
    held.clear();
    await stores.api.deleteCached(unfinished?.fileId ?? '');
    expect(await stores.api.listCached()).toEqual([]);
    expect(await stores.shards.readShard(unfinished?.fileId ?? '', 0)).toBeUndefined();
    await other.close();
  });
});
