import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { obtainFile, type DownloadPorts } from './download';
import type { TransferProgress } from './stored-file';
import { FaultError, type Fault } from '../fault';
import type { FileStore, OpenDownload, StoredFile } from '../run/ports';
import type { RemoteFile } from './remote-file';

const SHARD_BYTES = 10;
const PART_BYTES = 5;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const whole = Uint8Array.from({ length: 45 }, (_, index) => (index * 37 + 11) % 256);
const shardBytes = (index: number) => whole.slice(index * SHARD_BYTES, (index + 1) * SHARD_BYTES);
const ALL = [0, 1, 2, 3, 4];

const file = { name: 'weights.gguf', source: 'https://host/weights.gguf', sha256: sha256(whole) };
/** As a host describes the file that keeps it in shards of known hashes. */
const remote: RemoteFile = {
  bytes: whole.byteLength,
  sha256: file.sha256,
  hasRanges: true,
  shards: { shardBytes: SHARD_BYTES, sha256: ALL.map((index) => sha256(shardBytes(index))) },
};
const committed: StoredFile = {
  fileId: file.sha256,
  source: file.source,
  name: file.name,
  bytes: whole.byteLength,
  shards: ALL.map((index) => ({ bytes: shardBytes(index).byteLength, sha256: sha256(shardBytes(index)) })),
  storedAt: 1,
};

/** Lets everything that can go on without a further event go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

/** A store that takes its time to write, so that whoever does not wait for it is found out. */
class MemoryStore implements FileStore {
  readonly shards = new Map<number, Blob>();
  readonly log: string[] = [];
  file: StoredFile | undefined;
  open: OpenDownload | undefined;
  writeFault: Fault | undefined;

  findFile(fileId: string): Promise<StoredFile | undefined> {
    return Promise.resolve(fileId === this.file?.fileId ? this.file : undefined);
  }
  listFiles(): Promise<readonly StoredFile[]> {
    return Promise.resolve(this.file === undefined ? [] : [this.file]);
  }
  findDownload(fileId: string): Promise<OpenDownload | undefined> {
    return Promise.resolve(fileId === this.open?.fileId ? this.open : undefined);
  }
  listDownloads(): Promise<readonly OpenDownload[]> {
    return Promise.resolve(this.open === undefined ? [] : [this.open]);
  }
  saveDownload(open: OpenDownload): Promise<void> {
    this.open = open;
    return Promise.resolve();
  }
  readShard(fileId: string, index: number): Promise<Blob | undefined> {
    return Promise.resolve(fileId === file.sha256 ? this.shards.get(index) : undefined);
  }
  writeShard(): Promise<void> {
    throw new Error('shards arrive in parts');
  }
  async writePart(fileId: string, index: number, part: number, bytes: Blob): Promise<void> {
    await settle();
    if (this.writeFault !== undefined) throw new FaultError(this.writeFault);
    expect(fileId).toBe(file.sha256);
    const had = this.shards.get(index) ?? new Blob([]);
    expect(had.size).toBe(part * PART_BYTES);
    this.shards.set(index, new Blob([had, bytes]));
    if (had.size + bytes.size === shardBytes(index).byteLength) this.log.push(`write ${index}`);
  }
  deleteShard(_fileId: string, index: number): Promise<void> {
    this.shards.delete(index);
    return Promise.resolve();
  }
  deleteFile(): Promise<void> {
    throw new Error('nothing here calls for that');
  }
  async commitFile(stored: StoredFile): Promise<void> {
    await settle();
    this.file = stored;
    this.open = undefined;
    this.log.push('commit');
  }
  fill(...indices: number[]): this {
    for (const index of indices) this.shards.set(index, new Blob([shardBytes(index)]));
    return this;
  }
}

type Answer = (index: number, attempt: number, signal: AbortSignal) => Promise<Blob> | Blob;

/** One attempt to get the file, and all that it did on the way. */
function makeDownload(options: { store?: MemoryStore; answer?: Answer; remote?: RemoteFile } = {}) {
  const { store = new MemoryStore(), answer = (index: number) => new Blob([shardBytes(index)]) } = options;
  const fetched: number[] = [];
  const reserved: number[] = [];
  const pauses: number[] = [];
  const progress: TransferProgress[] = [];
  const abort = new AbortController();
  let described = 0;
  let active = 0;
  let mostActive = 0;
  const ports: DownloadPorts = {
    store,
    sizes: { shardBytes: SHARD_BYTES, partBytes: PART_BYTES },
    describe: () => {
      described++;
      return Promise.resolve(options.remote ?? remote);
    },
    openRange(start, end, signal) {
      const index = Math.floor(start / SHARD_BYTES);
      expect(end).toBe(index * SHARD_BYTES + shardBytes(index).byteLength);
      if (signal.aborted) throw new FaultError({ kind: 'stopped' });
      const attempt = fetched.filter((each) => each === index).length;
      fetched.push(index);
      const read = async function* () {
        mostActive = Math.max(mostActive, ++active);
        try {
          await settle();
          const bytes = await bytesOf(await answer(index, attempt, signal));
          yield bytes.subarray(0, 1);
          yield bytes.subarray(1);
        } finally {
          active--;
        }
      };
      // Always the whole shard, as from a host that knows no ranges.
      return Promise.resolve({ start: index * SHARD_BYTES, body: read() });
    },
    now: () => 1_763_800_000_000,
    reserve: (bytes) => {
      reserved.push(bytes);
      return Promise.resolve();
    },
    pause: (milliseconds, signal) => {
      pauses.push(milliseconds);
      return signal.aborted ? Promise.reject(new FaultError({ kind: 'stopped' })) : Promise.resolve();
    },
    runExclusively: (_name, work) => work(),
  };
  return {
    store,
    ports,
    abort,
    fetched,
    reserved,
    pauses,
    progress,
    described: () => described,
    mostActive: () => mostActive,
    obtain: () => obtainFile(file, ports, (each) => progress.push(each), abort.signal),
  };
}

const download = (detail: string, status?: number) =>
  new FaultError({
    kind: 'download',
    url: 'https://x.example/',
    detail,
    ...(status !== undefined && { status }),
  });

/** Waits like a connection on which nothing more arrives, until it is given up. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => {
      reject(new FaultError({ kind: 'stopped' }));
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp);
  });
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** What must hold of every download, however it ends. */
function expectSaneProgress(progress: readonly TransferProgress[]): void {
  for (const { doneBytes, receivedBytes, totalBytes } of progress) {
    expect(totalBytes).toBe(whole.byteLength);
    expect(receivedBytes).toBeGreaterThanOrEqual(0);
    expect(receivedBytes).toBeLessThanOrEqual(doneBytes);
    expect(doneBytes).toBeLessThanOrEqual(totalBytes);
  }
}

describe('obtainFile', () => {
  it('fetches and stores every shard, and declares the file whole last', async () => {
    const first = makeDownload();
    expect(await bytesOf((await first.obtain()).blob)).toEqual(whole);
    expect([...first.fetched].sort()).toEqual(ALL);
    expect(first.store.log.at(-1)).toBe('commit');
    expect(first.store.log.slice(0, -1).sort()).toEqual(ALL.map((index) => `write ${index}`));
    expect(first.store.file).toEqual({ ...committed, storedAt: 1_763_800_000_000 });
    expect(first.reserved).toEqual([45]);
  });

  it('asks the network for nothing the second time', async () => {
    const store = new MemoryStore();
    await makeDownload({ store }).obtain();
    const second = makeDownload({ store });
    expect(await bytesOf((await second.obtain()).blob)).toEqual(whole);
    expect(second.fetched).toEqual([]);
    expect(second.described()).toBe(0);
    expect(second.reserved).toEqual([]);
    expect(second.progress.at(-1)).toEqual({ doneBytes: 45, totalBytes: 45, receivedBytes: 0 });
  });

  it.each<[what: string, damage: (store: MemoryStore) => void]>([
    ['has a wrong byte', ({ shards }) => shards.set(2, new Blob([shardBytes(2).with(3, 0)]))],
    ['is too short', ({ shards }) => shards.set(2, new Blob([shardBytes(2).slice(1)]))],
    ['is empty', ({ shards }) => shards.set(2, new Blob([]))],
    ['is that of its neighbour', ({ shards }) => shards.set(2, new Blob([shardBytes(1)]))],
    ['is gone', ({ shards }) => shards.delete(2)],
  ])('fetches one stored shard again when it %s, and no other', async (_what, damage) => {
    const store = new MemoryStore();
    await makeDownload({ store }).obtain();
    damage(store);
    store.log.length = 0;
    const again = makeDownload({ store });
    expect(await bytesOf((await again.obtain()).blob)).toEqual(whole);
    expect(again.fetched).toEqual([2]);
    expect(again.reserved).toEqual([10]);
    expect(store.log).toEqual(['write 2', 'commit']);
    expect(again.progress.at(-1)).toEqual({ doneBytes: 45, totalBytes: 45, receivedBytes: 10 });
    const third = makeDownload({ store });
    await third.obtain();
    expect(third.described()).toBe(0);
  });

  it('goes on where an unfinished download ended', async () => {
    const resumed = makeDownload({ store: new MemoryStore().fill(0, 3) });
    expect(await bytesOf((await resumed.obtain()).blob)).toEqual(whole);
    expect([...resumed.fetched].sort()).toEqual([1, 2, 4]);
    expect(resumed.reserved).toEqual([25]);
    expect(resumed.progress.at(-1)).toEqual({ doneBytes: 45, totalBytes: 45, receivedBytes: 25 });
  });

  it('declares a file whole that lacked only that', async () => {
    const resumed = makeDownload({ store: new MemoryStore().fill(...ALL) });
    await resumed.obtain();
    expect(resumed.fetched).toEqual([]);
    expect(resumed.store.log).toEqual(['commit']);
  });

  it('fetches four shards at a time', async () => {
    const parallel = makeDownload();
    await parallel.obtain();
    expect(parallel.mostActive()).toBe(4);
  });

  it('puts shards in file order, whichever arrives first', async () => {
    const disordered = makeDownload({
      answer: async (index) => {
        while (index === 0 && !disordered.store.log.includes('write 4')) await settle();
        return new Blob([shardBytes(index)]);
      },
    });
    expect(await bytesOf((await disordered.obtain()).blob)).toEqual(whole);
    expect(disordered.store.log.indexOf('write 0')).toBe(4);
  });

  it('needs the network for exactly what is missing or damaged', async () => {
    const state = fc.constantFrom('intact', 'missing', 'damaged', 'longer');
    const states = fc.tuple(state, state, state, state, state);
    await fc.assert(
      fc.asyncProperty(states, fc.boolean(), async (shards, isCommitted) => {
        const store = new MemoryStore();
        if (isCommitted) store.file = committed;
        for (const [index, each] of shards.entries()) {
          const bytes = shardBytes(index);
          if (each === 'intact') store.fill(index);
          if (each === 'damaged') store.shards.set(index, new Blob([bytes.with(0, (bytes[0] ?? 0) ^ 1)]));
          if (each === 'longer') store.shards.set(index, new Blob([bytes, 'x']));
        }
        const lacking = ALL.filter((index) => shards[index] !== 'intact');
        const any = makeDownload({ store });
        expect(await bytesOf((await any.obtain()).blob)).toEqual(whole);
        expect([...any.fetched].sort()).toEqual(lacking);
        expect(any.described()).toBe(isCommitted && lacking.length === 0 ? 0 : 1);
        expect(store.file?.fileId).toBe(file.sha256);
        expectSaneProgress(any.progress);
        expect(any.progress.at(-1)?.doneBytes).toBe(whole.byteLength);
      }),
      { numRuns: 40, seed: 6 },
    );
  });
});

describe('progress', () => {
  it('grows from what is stored to all, and counts only what came over the network as received', async () => {
    const resumed = makeDownload({ store: new MemoryStore().fill(1) });
    await resumed.obtain();
    expectSaneProgress(resumed.progress);
    expect(resumed.progress[0]).toEqual({ doneBytes: 10, totalBytes: 45, receivedBytes: 0 });
    const done = resumed.progress.map(({ doneBytes }) => doneBytes);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    // From inside of a shard as well: a person sees bytes arrive, not shards.
    expect(done).toContain(11);
    expect(resumed.progress.at(-1)).toEqual({ doneBytes: 45, totalBytes: 45, receivedBytes: 35 });
  });

  it('takes back the bytes of a try that failed', async () => {
    const retried = makeDownload({
      answer: (index, attempt) => {
        if (index === 1 && attempt < 2) throw download('cut');
        return new Blob([shardBytes(index)]);
      },
    });
    await retried.obtain();
    expectSaneProgress(retried.progress);
    expect(retried.progress.at(-1)).toEqual({ doneBytes: 45, totalBytes: 45, receivedBytes: 45 });
  });
});

describe('a download that fails', () => {
  it.each([
    ['a connection that is cut', undefined],
    ['an error of the server', 500],
    ['a server too busy', 503],
    ['too many requests', 429],
  ])('is tried again after %s', async (_what, status) => {
    const retried = makeDownload({
      answer: (index, attempt) => {
        if (index === 3 && attempt < 2) throw download('no', status);
        return new Blob([shardBytes(index)]);
      },
    });
    expect(await bytesOf((await retried.obtain()).blob)).toEqual(whole);
    expect(retried.fetched.filter((index) => index === 3)).toHaveLength(3);
    expect(retried.pauses).toEqual([500, 2000]);
  });

  it('is given up after five tries that brought nothing, and nothing is declared whole', async () => {
    const failing = makeDownload({
      answer: (index) => {
        if (index === 4) throw download('no', 503);
        return new Blob([shardBytes(index)]);
      },
    });
    expect(await faultOf(failing.obtain())).toMatchObject({ kind: 'download', status: 503 });
    expect(failing.fetched.filter((index) => index === 4)).toHaveLength(5);
    expect(failing.store.file).toBeUndefined();
    expect([...failing.store.shards.keys()].sort()).toEqual([0, 1, 2, 3]);
  });

  it.each([400, 403, 404, 410])('is not tried again after %i', async (status) => {
    const failing = makeDownload({
      answer: () => {
        throw download('no', status);
      },
    });
    expect(await faultOf(failing.obtain())).toMatchObject({ kind: 'download', status });
    expect(new Set(failing.fetched).size).toBe(failing.fetched.length);
    expect(failing.pauses).toEqual([]);
  });

  it('goes on behind what a body brought that ended early', async () => {
    const retried = makeDownload({
      answer: (index, attempt) =>
        new Blob([shardBytes(index).slice(0, index === 3 && attempt === 0 ? 6 : 10)]),
    });
    expect(await bytesOf((await retried.obtain()).blob)).toEqual(whole);
    expect(retried.pauses).toEqual([500]);
    expect(retried.progress.at(-1)).toEqual({ doneBytes: 45, totalBytes: 45, receivedBytes: 45 });
  });

  it('tries wrong bytes again and takes the right ones', async () => {
    const retried = makeDownload({
      answer: (index, attempt) =>
        new Blob([index === 1 && attempt === 0 ? new Uint8Array(SHARD_BYTES) : shardBytes(index)]),
    });
    expect(await bytesOf((await retried.obtain()).blob)).toEqual(whole);
    expect(retried.pauses).toEqual([500]);
    expectSaneProgress(retried.progress);
  });

  it('never stores wrong bytes, and says which shard is wrong', async () => {
    const failing = makeDownload({
      answer: (index) => new Blob([index === 1 ? new Uint8Array(SHARD_BYTES) : shardBytes(index)]),
    });
    expect(await faultOf(failing.obtain())).toMatchObject({
      kind: 'integrity',
      file: 'weights.gguf',
      shard: 1,
    });
    expect(failing.fetched.filter((index) => index === 1)).toHaveLength(3);
    expect(failing.store.shards.has(1)).toBe(false);
    expect(failing.store.file).toBeUndefined();
  });

  it('stops its neighbours and tells the real fault, not that they were stopped', async () => {
    const failing = makeDownload({
      answer: (index, _attempt, signal) => {
        if (index === 1) throw download('gone', 404);
        return hang(signal);
      },
    });
    expect(await faultOf(failing.obtain())).toMatchObject({ kind: 'download', status: 404 });
    expect([...failing.fetched].sort()).toEqual([0, 1, 2, 3]);
    expect(failing.store.log).toEqual([]);
  });

  it('does not hide a mistake of the program behind a stop', async () => {
    const failing = makeDownload({
      answer: (index, _attempt, signal) => {
        if (index === 2) throw new TypeError('undefined is not a function');
        return hang(signal);
      },
    });
    expect(await faultOf(failing.obtain())).toEqual({
      kind: 'engine',
      detail: 'undefined is not a function',
    });
  });

  it('never starts with a file of another hash than the catalog says', async () => {
    const failing = makeDownload({ remote: { ...remote, sha256: 'b'.repeat(64) } });
    expect(await faultOf(failing.obtain())).toMatchObject({ kind: 'integrity', file: 'weights.gguf' });
    expect(failing.fetched).toEqual([]);
    expect(failing.store.log).toEqual([]);
  });

  it('passes on that the host knows no such file', async () => {
    const failing = makeDownload();
    const ports = { ...failing.ports, describe: () => Promise.reject(download('gone', 404)) };
    const obtain = obtainFile(file, ports, () => undefined, failing.abort.signal);
    expect(await faultOf(obtain)).toMatchObject({ kind: 'download', status: 404 });
  });
});

describe('a full disk', () => {
  it('is found before anything is fetched', async () => {
    const full = makeDownload();
    const ports: DownloadPorts = {
      ...full.ports,
      reserve: (neededBytes) => Promise.reject(new FaultError({ kind: 'quota', neededBytes, freeBytes: 7 })),
    };
    const obtain = obtainFile(file, ports, () => undefined, full.abort.signal);
    expect(await faultOf(obtain)).toEqual({ kind: 'quota', neededBytes: 45, freeBytes: 7 });
    expect(full.fetched).toEqual([]);
  });

  it('found on the way ends the download, without another try', async () => {
    const store = new MemoryStore();
    store.writeFault = { kind: 'quota', neededBytes: 10 };
    const full = makeDownload({ store });
    expect(await faultOf(full.obtain())).toEqual({ kind: 'quota', neededBytes: 10 });
    expect(full.pauses).toEqual([]);
    expect(new Set(full.fetched).size).toBe(full.fetched.length);
    expect(store.file).toBeUndefined();
  });
});

describe('a stop', () => {
  it('in the middle keeps the shards that arrived, and the next download goes on from there', async () => {
    const store = new MemoryStore();
    const stopped = makeDownload({
      store,
      answer: async (index, _attempt, signal) => {
        if (index < 2) return new Blob([shardBytes(index)]);
        if (index === 4) {
          // All three are busy with the rest now.
          await settle();
          stopped.abort.abort();
        }
        return hang(signal);
      },
    });
    expect(await faultOf(stopped.obtain())).toEqual({ kind: 'stopped' });
    expect([...store.shards.keys()].sort()).toEqual([0, 1]);
    expect(store.file).toBeUndefined();

    const resumed = makeDownload({ store });
    expect(await bytesOf((await resumed.obtain()).blob)).toEqual(whole);
    expect([...resumed.fetched].sort()).toEqual([2, 3, 4]);
  });

  it('counts for more than what broke because of it', async () => {
    const stopped = makeDownload({
      answer: () => {
        stopped.abort.abort();
        throw download('gone', 404);
      },
    });
    expect(await faultOf(stopped.obtain())).toEqual({ kind: 'stopped' });
  });

  it('while waiting for another try ends the wait', async () => {
    const stopped = makeDownload({
      answer: () => {
        stopped.abort.abort();
        throw download('cut');
      },
    });
    expect(await faultOf(stopped.obtain())).toEqual({ kind: 'stopped' });
    expect(new Set(stopped.fetched).size).toBe(stopped.fetched.length);
  });

  it('before the start fetches nothing', async () => {
    const stopped = makeDownload();
    stopped.abort.abort();
    expect(await faultOf(stopped.obtain())).toEqual({ kind: 'stopped' });
    expect(stopped.fetched).toEqual([]);
  });

  it('while stored shards are checked ends that too', async () => {
    const store = new MemoryStore().fill(...ALL);
    store.file = committed;
    const stopped = makeDownload({ store });
    const checks: number[] = [];
    const readShard = store.readShard.bind(store);
    store.readShard = (id, index) => {
      checks.push(index);
      if (index === 1) stopped.abort.abort();
      return readShard(id, index);
    };
    const obtain = stopped.obtain();
    expect(await faultOf(obtain)).toEqual({ kind: 'stopped' });
    expect(checks).toEqual([0, 1]);
  });
});
