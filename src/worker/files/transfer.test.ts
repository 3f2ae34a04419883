import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultError, type Fault } from '../../domain/fault';
import type { ShardStore } from '../../domain/run/ports';
import { createTransferPorts } from './transfer';

const HASH = 'a'.repeat(64);
const file = {
  name: 'weights.gguf',
  bytes: 4,
  sha256: HASH,
  manifest: 'some-model/manifest.json',
};
const manifest = {
  name: 'weights.gguf',
  bytes: 4,
  sha256: HASH,
  shardBytes: 4,
  shards: [{ path: 'shard-000.bin', bytes: 4, sha256: HASH }],
};
const startPage = '<!doctype html><title>Start</title>';

/** The store is handed through, never used here. */
const store: ShardStore = {
  findFile: () => Promise.resolve(undefined),
  readShard: () => Promise.resolve(undefined),
  writeShard: () => Promise.resolve(),
  commitFile: () => Promise.resolve(),
};

type Handler = (response: ServerResponse, request: IncomingMessage) => void;

let server: Server;
let siteUrl: string;
let routes: Record<string, Handler>;
let requested: string[];

beforeEach(async () => {
  routes = {};
  requested = [];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    requested.push(path);
    const handler = routes[path];
    if (handler !== undefined) handler(response, request);
    else response.writeHead(404).end('no such file');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  siteUrl = `http://127.0.0.1:${address.port}/wizardbench/static-models/`;
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const MANIFEST = '/wizardbench/static-models/some-model/manifest.json';
const SHARD = '/wizardbench/static-models/some-model/shard-000.bin';

function fetchShard(bytes = 4, abort = new AbortController()) {
  const counts: number[] = [];
  const ports = createTransferPorts(file, siteUrl, store);
  const shard = ports.fetchShard('shard-000.bin', bytes, (count) => counts.push(count), abort.signal);
  return { shard, counts };
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

describe('fetchShard', () => {
  it('fetches bytes from beside the manifest and tells of them as they arrive', async () => {
    routes[SHARD] = (response) => {
      response.write('ab');
      setTimeout(() => response.end('cd'), 20);
    };
    const { shard, counts } = fetchShard();
    expect(await (await shard).text()).toBe('abcd');
    expect(requested).toEqual([SHARD]);
    expect(counts).toEqual([2, 2]);
  });

  it('asks past the HTTP cache: what arrives is stored elsewhere', async () => {
    let cacheControl: string | undefined;
    routes[SHARD] = (response, request) => {
      cacheControl = request.headers['cache-control'];
      response.end('abcd');
    };
    await fetchShard().shard;
    expect(cacheControl).toBe('no-cache');
  });

  it('refuses a short body', async () => {
    routes[SHARD] = (response) => response.end('abc');
    expect(await faultOf(fetchShard().shard)).toEqual({
      kind: 'download',
      url: new URL(SHARD, siteUrl).href,
      status: 200,
      detail: 'expected 4 bytes, received 3',
    });
  });

  it('refuses an empty body', async () => {
    routes[SHARD] = (response) => response.end();
    expect(await faultOf(fetchShard().shard)).toMatchObject({ detail: 'expected 4 bytes, received 0' });
  });

  it('gives up a body without end as soon as it is too long', async () => {
    const closed = new Promise((resolve) => {
      routes[SHARD] = (response) => {
        const chunk = Buffer.alloc(64 * 1024);
        const write = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on('close', resolve).on('drain', write);
        write();
      };
    });
    const { shard, counts } = fetchShard(100_000);
    expect(await faultOf(shard)).toMatchObject({
      kind: 'download',
      status: 200,
      detail: 'expected 100000 bytes, received more',
    });
    await closed;
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(100_000);
  });

  it('refuses the start page that some hosts send for every path', async () => {
    routes[SHARD] = (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(startPage);
    expect(await faultOf(fetchShard().shard)).toMatchObject({ kind: 'download', status: 200 });
  });

  it.each([
    [404, 'HTTP 404 Not Found'],
    [500, 'HTTP 500 Internal Server Error'],
    [429, 'HTTP 429 Too Many Requests'],
  ])('tells of HTTP %i', async (status, detail) => {
    routes[SHARD] = (response) => response.writeHead(status).end('abcd');
    expect(await faultOf(fetchShard().shard)).toMatchObject({ kind: 'download', status, detail });
  });

  it('tells of a connection that is cut, without a status, so that it is tried again', async () => {
    routes[SHARD] = (response) => {
      response.writeHead(200, { 'Content-Length': 4 });
      response.write('ab', () => response.destroy());
    };
    const fault = await faultOf(fetchShard().shard);
    expect(fault).toMatchObject({ kind: 'download', detail: 'the connection was cut after 2 of 4 bytes' });
    expect(fault).not.toHaveProperty('status');
  });

  it('tells of a host that cannot be reached', async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const fault = await faultOf(fetchShard().shard);
    expect(fault).toMatchObject({ kind: 'download', url: new URL(SHARD, siteUrl).href });
    expect(fault).not.toHaveProperty('status');
  });

  it('ends as stopped while it waits for an answer', async () => {
    const abort = new AbortController();
    routes[SHARD] = () => {
      abort.abort();
    };
    expect(await faultOf(fetchShard(4, abort).shard)).toEqual({ kind: 'stopped' });
  });

  it('ends as stopped in the middle of a body', async () => {
    const abort = new AbortController();
    routes[SHARD] = (response) => {
      response.writeHead(200, { 'Content-Length': 4 });
      response.write('ab');
    };
    const ports = createTransferPorts(file, siteUrl, store);
    const shard = ports.fetchShard(
      'shard-000.bin',
      4,
      () => {
        abort.abort();
      },
      abort.signal,
    );
    expect(await faultOf(shard)).toEqual({ kind: 'stopped' });
  });
});

describe('loadManifest', () => {
  const load = (abort = new AbortController()) =>
    createTransferPorts(file, siteUrl, store).loadManifest(abort.signal);

  it('reads it from below the site, also under a sub-path', async () => {
    routes[MANIFEST] = (response) => response.end(JSON.stringify(manifest));
    expect(await load()).toEqual(manifest);
    expect(requested).toEqual([MANIFEST]);
  });

  it('says that a start page is no manifest', async () => {
    routes[MANIFEST] = (response) => response.end(startPage);
    expect(await faultOf(load())).toEqual({
      kind: 'download',
      url: new URL(MANIFEST, siteUrl).href,
      detail: 'not a file manifest',
    });
  });

  it.each([
    ['of another shape', {}],
    ['that leads out of its folder', { ...manifest, shards: [{ ...manifest.shards[0], path: '../x' }] }],
    ['that does not add up', { ...manifest, bytes: 5 }],
  ])('refuses a manifest %s', async (_what, json) => {
    routes[MANIFEST] = (response) => response.end(JSON.stringify(json));
    expect(await faultOf(load())).toMatchObject({ kind: 'bad-input', what: 'file manifest' });
  });

  it('tells of HTTP 404', async () => {
    expect(await faultOf(load())).toMatchObject({ kind: 'download', status: 404 });
  });

  it('ends as stopped', async () => {
    const abort = new AbortController();
    routes[MANIFEST] = (response) => {
      response.write('{"name":', () => abort.abort());
    };
    expect(await faultOf(load(abort))).toEqual({ kind: 'stopped' });
  });
});

describe('reserve', () => {
  const reserve = (bytes: number, estimate: StorageEstimate) => {
    vi.stubGlobal('navigator', { storage: { estimate: () => Promise.resolve(estimate) } });
    return createTransferPorts(file, siteUrl, store).reserve(bytes);
  };

  it.each([
    [100, { quota: 1_000, usage: 900 }],
    [100, { quota: 100 }],
    // A browser that does not tell: the write will.
    [100, {}],
    [0, { quota: 0, usage: 0 }],
  ])('has room for %i bytes with %j', async (bytes, estimate) => {
    await expect(reserve(bytes, estimate)).resolves.toBeUndefined();
  });

  it.each([
    [101, { quota: 1_000, usage: 900 }, 100],
    [1, { quota: 1_000, usage: 1_200 }, 0],
  ])('has no room for %i bytes with %j', async (neededBytes, estimate, freeBytes) => {
    expect(await faultOf(reserve(neededBytes, estimate))).toEqual({ kind: 'quota', neededBytes, freeBytes });
  });
});

describe('pause', () => {
  const pause = (abort: AbortController) =>
    createTransferPorts(file, siteUrl, store).pause(2_000, abort.signal);

  it('waits as long as it is told', async () => {
    vi.useFakeTimers();
    let isOver = false;
    void pause(new AbortController()).then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(1_999);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(isOver).toBe(true);
  });

  it('ends at once when stopped, and leaves no timer', async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    const paused = faultOf(pause(abort));
    abort.abort();
    expect(await paused).toEqual({ kind: 'stopped' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not begin after a stop', async () => {
    vi.useFakeTimers();
    const abort = new AbortController();
    abort.abort();
    const paused = faultOf(pause(abort));
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(await paused).toEqual({ kind: 'stopped' });
  });
});
