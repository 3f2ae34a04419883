import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { randomFillSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHub } from '../../../e2e/hub-stand-in.mjs';
import { FaultError, type Fault } from '../../domain/fault';
import { LANES, obtainFile, type DownloadPorts } from '../../domain/download/download';
import type { RangeAnswer } from '../../domain/download/remote-file';
import { SHARD_SIZES } from '../../domain/download/shard-layout';
import type { TransferProgress } from '../../domain/download/stored-file';
import { createShardStore } from '../../storage/shard-store';
import { createBlobPorts, createUrlPorts } from './url-ports';

/** A 64th of what the page stores at once, so that many downloads take little time. */
const SCALE = 64;
const SIZES = {
  shardBytes: SHARD_SIZES.shardBytes / SCALE,
  partBytes: SHARD_SIZES.partBytes / SCALE,
};
const { shardBytes: SHARD_BYTES, partBytes: PART_BYTES } = SIZES;
/** Half a part: 1 MiB of a file that is cut as usual. */
const UNIT = (1024 * 1024) / SCALE;
const NAME = 'some-one/some-model-GGUF/weights.gguf';
const small = randomFillSync(new Uint8Array(5 * UNIT + 123));
const large = randomFillSync(new Uint8Array(4 * SHARD_BYTES + 3 * UNIT + 7));

let hub: Awaited<ReturnType<typeof startHub>>;

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await hub.close();
});

/** Web Locks as far as they matter here: one holder of a name, a stop ends the wait. */
function createLocks(): DownloadPorts['runExclusively'] {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work, signal) => {
    const earlier = last.get(name) ?? Promise.resolve();
    const turn = earlier.then(() => {
      if (signal.aborted) throw new FaultError({ kind: 'stopped' });
      return work();
    });
    last.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  };
}

interface Tab {
  readonly url?: string;
  readonly sha256?: string;
  readonly locks?: DownloadPorts['runExclusively'];
  readonly stallMs?: number;
  readonly onProgress?: (progress: TransferProgress, abort: AbortController) => void;
  readonly reserve?: DownloadPorts['reserve'];
}

/** One page that wants the file, from opening its database on. */
function openTab({ url = hub.fileUrl(NAME), sha256, locks = createLocks(), ...tab }: Tab = {}) {
  const store = createShardStore();
  const abort = new AbortController();
  const progress: TransferProgress[] = [];
  const pauses: number[] = [];
  let open = 0;
  let mostOpen = 0;
  const real = createUrlPorts(url, store, tab.stallMs);
  const ports: DownloadPorts = {
    ...real,
    sizes: SIZES,
    async openRange(start, end, signal) {
      const answer = await real.openRange(start, end, signal);
      return { ...answer, body: watch(answer.body) };
    },
    runExclusively: locks,
    reserve: tab.reserve ?? (() => Promise.resolve()),
    pause: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  };
  async function* watch(body: RangeAnswer['body']): RangeAnswer['body'] {
    mostOpen = Math.max(mostOpen, ++open);
    try {
      yield* body;
    } finally {
      open--;
    }
  }
  const obtain = () =>
    obtainFile(
      { name: 'weights.gguf', source: url, sha256 },
      ports,
      (each) => {
        progress.push(each);
        tab.onProgress?.(each, abort);
      },
      abort.signal,
    );
  return { store, abort, progress, pauses, obtain, mostOpen: () => mostOpen };
}

async function serve(bytes: Uint8Array, options: Parameters<typeof startHub>[1] = {}): Promise<string> {
  hub = await startHub({ [NAME]: { bytes } }, options);
  return hub.sha256(NAME);
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

const isSame = async (blob: Blob, bytes: Uint8Array) =>
  Buffer.from(await blob.arrayBuffer()).equals(Buffer.from(bytes));

/** Ranges of data asked for, in order of asking, without the one that asks what there is. */
const dataRequests = () => hub.requests.filter(({ on, range }) => on === 'cdn' && range !== 'bytes=0-0');

describe('a download by ranges', () => {
  it('stores shards, checks the whole against the known hash, and asks for nothing the second time', async () => {
    const sha256 = await serve(large);
    const tab = openTab({ sha256 });
    const { blob, sha256: found } = await tab.obtain();
    expect(await isSame(blob, large)).toBe(true);
    expect(found).toBe(sha256);
    expect(
      dataRequests()
        .map(({ range }) => range)
        .sort(),
    ).toEqual(
      [0, 1, 2, 3, 4]
        .map((i) => `bytes=${i * SHARD_BYTES}-${Math.min(large.length, (i + 1) * SHARD_BYTES) - 1}`)
        .sort(),
    );
    expect(await tab.store.findFile(sha256)).toMatchObject({ fileId: sha256, bytes: large.length });
    expect((await tab.store.findFile(sha256))?.shards.map(({ bytes }) => bytes)).toEqual([
      ...Array<number>(4).fill(SHARD_BYTES),
      3 * UNIT + 7,
    ]);
    expect(tab.progress.at(-1)).toEqual({
      doneBytes: large.length,
      totalBytes: large.length,
      receivedBytes: large.length,
    });

    hub.requests.length = 0;
    const again = openTab({ sha256 });
    expect(await isSame((await again.obtain()).blob, large)).toBe(true);
    expect(hub.requests).toEqual([]);
    expect(again.progress.at(-1)?.receivedBytes).toBe(0);
  });

  it('has four connections at a time', async () => {
    await serve(large);
    const tab = openTab();
    await tab.obtain();
    expect(tab.mostOpen()).toBe(4);
  });

  it('finds a file of unknown hash by its URL, without the network, and says what its hash is', async () => {
    const sha256 = await serve(small);
    const first = openTab();
    expect((await first.obtain()).sha256).toBe(sha256);
    const [stored] = await first.store.listFiles();
    expect(stored?.sha256).toBe(sha256);
    expect(stored?.fileId).not.toBe(sha256);
    hub.requests.length = 0;
    expect((await openTab().obtain()).sha256).toBe(sha256);
    expect(hub.requests).toEqual([]);
  });

  it('takes the hash that the Hub tells, also where the CDN does not repeat it', async () => {
    const sha256 = await serve(small, { xet: true });
    const tab = openTab();
    await tab.obtain();
    expect((await tab.store.listFiles()).map(({ fileId }) => fileId)).toEqual([sha256]);
  });

  it('refuses a file of which the Hub tells another hash than the catalog, before it fetches it', async () => {
    await serve(small, { xet: true });
    const fault = await faultOf(openTab({ sha256: 'b'.repeat(64) }).obtain());
    expect(fault).toMatchObject({ kind: 'integrity', file: 'weights.gguf' });
    expect(dataRequests()).toEqual([]);
  });

  it('drops a file of the wrong hash, and starts afresh', async () => {
    const sha256 = await serve(small);
    hub.fail({ on: 'cdn', flip: true, after: 1 });
    const tab = openTab({ sha256 });
    expect(await faultOf(tab.obtain())).toMatchObject({ kind: 'integrity', file: 'weights.gguf' });
    expect(await tab.store.findFile(sha256)).toBeUndefined();
    expect(await tab.store.readShard(sha256, 0)).toBeUndefined();
    expect(await tab.store.listDownloads()).toEqual([]);
    hub.heal();
    expect(await isSame((await openTab({ sha256 }).obtain()).blob, small)).toBe(true);
  });

  it('sees that there is no room before anything is fetched', async () => {
    await serve(small);
    const reserve = (neededBytes: number) => Promise.reject(new FaultError({ kind: 'quota', neededBytes }));
    expect(await faultOf(openTab({ reserve }).obtain())).toEqual({
      kind: 'quota',
      neededBytes: small.length,
    });
    expect(dataRequests()).toEqual([]);
  });

  it('fetches one damaged shard of a stored file again, and no other', async () => {
    const sha256 = await serve(large);
    const tab = openTab({ sha256 });
    await tab.obtain();
    await tab.store.writePart(sha256, 2, 1, new Blob([new Uint8Array(PART_BYTES)]));
    hub.requests.length = 0;
    expect(await isSame((await openTab({ sha256 }).obtain()).blob, large)).toBe(true);
    expect(dataRequests().map(({ range }) => range)).toEqual([
      `bytes=${2 * SHARD_BYTES}-${3 * SHARD_BYTES - 1}`,
    ]);
  });
});

describe('a page that is killed in the middle', () => {
  it.each([1, 20, 41, 60])('has less than one shard to fetch again (killed at %i units)', async (units) => {
    const sha256 = await serve(large);
    const killed = openTab({
      sha256,
      onProgress: ({ receivedBytes }, abort) => {
        if (receivedBytes >= units * UNIT) abort.abort();
      },
    });
    expect(await faultOf(killed.obtain())).toEqual({ kind: 'stopped' });
    const received = killed.progress.at(-1)?.receivedBytes ?? 0;
    expect(received).toBeGreaterThanOrEqual(units * UNIT);

    // What the killed page had asked for still arrives at the host.
    await new Promise((resolve) => setTimeout(resolve, 50));
    hub.requests.length = 0;
    const resumed = openTab({ sha256 });
    expect(await isSame((await resumed.obtain()).blob, large)).toBe(true);
    const fetchedAgain = received + (resumed.progress.at(-1)?.receivedBytes ?? 0) - large.length;
    expect(fetchedAgain).toBeGreaterThanOrEqual(0);
    expect(fetchedAgain).toBeLessThanOrEqual(LANES * PART_BYTES);
    expect(fetchedAgain).toBeLessThan(SHARD_BYTES);
    // What the host was asked for is what was missing, to the byte.
    const asked = dataRequests().reduce((sum, { range }) => {
      const [from = 0, to = 0] = (range ?? '').replace('bytes=', '').split('-').map(Number);
      return sum + to - from + 1;
    }, 0);
    expect(asked).toBe(resumed.progress.at(-1)?.receivedBytes);
  });

  it('never fetches a stored shard again, however often it is killed', async () => {
    const sha256 = await serve(large);
    let received = 0;
    for (let kills = 0; kills < 6; kills++) {
      const tab = openTab({
        sha256,
        onProgress: ({ receivedBytes }, abort) => {
          if (receivedBytes >= 9 * UNIT) abort.abort();
        },
      });
      await tab.obtain().catch(() => undefined);
      received += tab.progress.at(-1)?.receivedBytes ?? 0;
    }
    const last = openTab({ sha256 });
    expect(await isSame((await last.obtain()).blob, large)).toBe(true);
    received += last.progress.at(-1)?.receivedBytes ?? 0;
    expect(received - large.length).toBeLessThanOrEqual(6 * LANES * PART_BYTES);
  });

  it('starts afresh when the host has another file meanwhile', async () => {
    await serve(large);
    const killed = openTab({
      onProgress: ({ receivedBytes }, abort) => {
        if (receivedBytes >= 20 * UNIT) abort.abort();
      },
    });
    await faultOf(killed.obtain());
    const other = large.with(1, (large[1] ?? 0) ^ 1);
    await hub.replace(NAME, { bytes: other });
    const fresh = openTab();
    expect(await isSame((await fresh.obtain()).blob, other)).toBe(true);
    // Nothing is left of the first.
    expect(await fresh.store.listDownloads()).toEqual([]);
    expect(await fresh.store.listFiles()).toHaveLength(1);
  });
});

describe('two tabs and one file', () => {
  it('make one download', async () => {
    await serve(large);
    const locks = createLocks();
    const tabs = [openTab({ locks }), openTab({ locks })];
    const files = await Promise.all(tabs.map((tab) => tab.obtain()));
    for (const { blob } of files) expect(await isSame(blob, large)).toBe(true);
    expect(dataRequests()).toHaveLength(5);
    expect(tabs.map(({ progress }) => progress.at(-1)?.receivedBytes).sort()).toEqual([0, large.length]);
  });
});

describe('a host with faults', () => {
  it.each<[what: string, fault: Parameters<typeof hub.fail>[0]]>([
    ['cuts connections', { on: 'cdn', cutAfterBytes: 5_000, times: 20 }],
    ['cuts one before a byte came', { on: 'cdn', cutAfterBytes: 0, after: 1, times: 1 }],
    ['answers 500', { on: 'cdn', status: 500, times: 2 }],
    ['answers 503 at the Hub', { on: 'resolve', status: 503, times: 2 }],
    [
      'answers 429 and when to come back',
      { on: 'cdn', status: 429, headers: { 'Retry-After': '7' }, times: 1 },
    ],
    ['stops sending', { on: 'cdn', stallAfterBytes: 15_000, after: 1, times: 2 }],
    ['does not answer', { on: 'resolve', delayMs: 3_000, times: 1 }],
    ['hides Content-Range from scripts', { on: 'cdn', hideRange: true }],
    ['knows no ranges', { on: 'cdn', noRange: true }],
    ['is slow', { on: 'cdn', bytesPerSecond: 400_000 }],
  ])('that %s still gives the file', async (_what, fault) => {
    const sha256 = await serve(small);
    hub.fail(fault);
    const tab = openTab({ sha256, stallMs: 250 });
    expect(await isSame((await tab.obtain()).blob, small)).toBe(true);
    expect(tab.progress.at(-1)).toMatchObject({ doneBytes: small.length, receivedBytes: small.length });
    if (fault.headers !== undefined) expect(tab.pauses).toEqual([7_000]);
  });

  it('goes on at the byte where the connection was cut', async () => {
    await serve(small);
    hub.fail({ on: 'cdn', cutAfterBytes: 5_000, after: 1, times: 3 });
    const tab = openTab();
    await tab.obtain();
    expect(tab.progress.at(-1)?.receivedBytes).toBe(small.length);
    const starts = dataRequests().map(({ range }) => Number(/\d+/.exec(range ?? '')?.[0]));
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(new Set(starts).size).toBe(4);
  });

  it('streams the whole file once from a host without ranges, shard by shard', async () => {
    await serve(large);
    hub.fail({ on: 'cdn', noRange: true });
    const tab = openTab();
    expect(await isSame((await tab.obtain()).blob, large)).toBe(true);
    expect(dataRequests()).toHaveLength(1);
    expect((await tab.store.listFiles())[0]?.shards).toHaveLength(5);
  });

  it('goes on after a kill also where there are no ranges', async () => {
    await serve(large);
    hub.fail({ on: 'cdn', noRange: true });
    const killed = openTab({
      onProgress: ({ receivedBytes }, abort) => {
        if (receivedBytes >= 40 * UNIT) abort.abort();
      },
    });
    await faultOf(killed.obtain());
    const resumed = openTab();
    expect(await isSame((await resumed.obtain()).blob, large)).toBe(true);
    expect(resumed.progress[0]?.doneBytes).toBeGreaterThanOrEqual(38 * UNIT);
  });

  it.each<[what: string, fault: Parameters<typeof hub.fail>[0], status: number]>([
    ['403', { on: 'resolve', status: 403 }, 403],
    ['401', { on: 'resolve', status: 401 }, 401],
    ['404', { on: 'resolve', status: 404 }, 404],
    ['403 in the middle', { on: 'cdn', status: 403, after: 2 }, 403],
    ['a page instead of data', { on: 'cdn', html: true }, 200],
  ])('ends with a download fault on %s, without trying again', async (_what, fault, status) => {
    await serve(large);
    hub.fail(fault);
    const tab = openTab();
    expect(await faultOf(tab.obtain())).toMatchObject({ kind: 'download', status });
    expect(tab.pauses).toEqual([]);
    expect(await tab.store.listFiles()).toEqual([]);
  });

  it('gives up after five tries that brought nothing, and keeps what there is', async () => {
    const sha256 = await serve(large);
    hub.fail({ on: 'cdn', status: 500, after: 3 });
    const tab = openTab({ sha256 });
    expect(await faultOf(tab.obtain())).toMatchObject({ kind: 'download', status: 500 });
    expect(tab.pauses).toContain(10_000);
    hub.heal();
    const resumed = openTab({ sha256 });
    expect(await isSame((await resumed.obtain()).blob, large)).toBe(true);
    expect(resumed.progress[0]?.doneBytes).toBeGreaterThan(0);
  });

  it('does not wait an hour, but says when the host wants to be asked again', async () => {
    await serve(small);
    hub.fail({ on: 'resolve', status: 429, headers: { 'Retry-After': '3600' } });
    expect(await faultOf(openTab().obtain())).toMatchObject({ status: 429, retryAfterSeconds: 3_600 });
  });

  it('never mixes two contents: a change in the middle ends it, and the next download is fresh', async () => {
    await serve(large);
    hub.fail({ on: 'cdn', etag: '"another"', after: 3 });
    const tab = openTab();
    expect(await faultOf(tab.obtain())).toMatchObject({ kind: 'integrity', file: 'weights.gguf' });
    expect(await tab.store.listDownloads()).toEqual([]);
    hub.heal();
    const fresh = openTab();
    expect(await isSame((await fresh.obtain()).blob, large)).toBe(true);
    expect(fresh.progress[0]?.doneBytes).toBe(0);
  });

  it('sees a file that became shorter', async () => {
    await serve(large);
    // Slow enough that the last shard is asked for after the change.
    hub.fail({ on: 'cdn', bytesPerSecond: 1_000_000 });
    let replaced: Promise<unknown> | undefined;
    const tab = openTab({
      onProgress: ({ receivedBytes }) => {
        if (receivedBytes > 0) replaced ??= hub.replace(NAME, { bytes: small });
      },
    });
    expect(await faultOf(tab.obtain())).toMatchObject({ kind: 'integrity' });
  });

  it('that cannot be reached is a download fault without a status', async () => {
    await serve(small);
    const url = hub.fileUrl(NAME);
    await hub.close();
    const fault = await faultOf(openTab({ url }).obtain());
    expect(fault).toMatchObject({ kind: 'download', url });
    expect(fault).not.toHaveProperty('status');
  });
});

describe('a picked file', () => {
  it('is copied into the store by the same way', async () => {
    await serve(small);
    const store = createShardStore();
    const ports = {
      ...createBlobPorts(new Blob([large]), 'key', store),
      sizes: SIZES,
      runExclusively: createLocks(),
    };
    const { blob } = await obtainFile(
      { name: 'mine.gguf', source: 'local:key' },
      { ...ports, reserve: () => Promise.resolve() },
      () => undefined,
      new AbortController().signal,
    );
    expect(await isSame(blob, large)).toBe(true);
    expect((await store.listFiles())[0]).toMatchObject({ name: 'mine.gguf', source: 'local:key' });
    expect(hub.requests).toEqual([]);
  });
});
