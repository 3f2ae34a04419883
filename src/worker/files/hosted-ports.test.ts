import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultError, type Fault } from '../../domain/fault';
import type { FileStore } from '../../domain/run/ports';
import { devicePorts } from './device-ports';
import { createHostedPorts } from './hosted-ports';

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
const store = {} as FileStore;

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

const MANIFEST_ROUTE: Handler = (response) => response.end(JSON.stringify(manifest));

/** Bytes 1 to 4 of the file, all that is left of its only shard. */
function fetchRest(abort = new AbortController(), stallMs?: number) {
  routes[MANIFEST] ??= MANIFEST_ROUTE;
  const ports = createHostedPorts(file, siteUrl, store, stallMs);
  const counts: number[] = [];
  const read = async () => {
    const { start, body } = await ports.openRange(1, 4, abort.signal);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of body) {
      chunks.push(chunk);
      counts.push(chunk.length);
    }
    return { start, text: await new Blob(chunks).text() };
  };
  return { read: read(), counts };
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

describe('openRange', () => {
  it('fetches bytes of a shard from beside the manifest, as they arrive', async () => {
    let range: string | undefined;
    routes[SHARD] = (response, request) => {
      range = request.headers.range;
      response.writeHead(206, { 'Content-Range': 'bytes 1-3/4' });
      response.write('b');
      setTimeout(() => response.end('cd'), 20);
    };
    const { read, counts } = fetchRest();
    expect(await read).toEqual({ start: 1, text: 'bcd' });
    expect(range).toBe('bytes=1-3');
    expect(requested).toEqual([MANIFEST, SHARD]);
    expect(counts).toEqual([1, 2]);
  });

  it('tells that a host sends the whole shard whatever is asked', async () => {
    routes[SHARD] = (response) => response.end('abcd');
    expect(await fetchRest().read).toEqual({ start: 0, text: 'abcd' });
  });

  it('gives positions in the file, not in the shard', async () => {
    const bytes = 7;
    const two = {
      ...manifest,
      bytes,
      shards: [...manifest.shards, { path: 'shard-001.bin', bytes: 3, sha256: HASH }],
    };
    routes[MANIFEST] = (response) => response.end(JSON.stringify(two));
    const ranges: (string | undefined)[] = [];
    routes['/wizardbench/static-models/some-model/shard-001.bin'] = (response, request) => {
      ranges.push(request.headers.range);
      response.end('efg');
    };
    const ports = createHostedPorts({ ...file, bytes }, siteUrl, store);
    expect((await ports.openRange(5, 7, new AbortController().signal)).start).toBe(4);
    expect(ranges).toEqual(['bytes=1-2']);
  });

  it('asks past the HTTP cache: what arrives is stored elsewhere', async () => {
    let cacheControl: string | undefined;
    routes[SHARD] = (response, request) => {
      cacheControl = request.headers['cache-control'];
      response.end('abcd');
    };
    await fetchRest().read;
    expect(cacheControl).toBe('no-cache');
  });

  it('refuses the start page that some hosts send for every path', async () => {
    routes[SHARD] = (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(startPage);
    expect(await faultOf(fetchRest().read)).toMatchObject({ kind: 'download', status: 200 });
  });

  it.each([
    [404, 'HTTP 404 Not Found'],
    [500, 'HTTP 500 Internal Server Error'],
    [429, 'HTTP 429 Too Many Requests'],
  ])('tells of HTTP %i', async (status, detail) => {
    routes[SHARD] = (response) => response.writeHead(status).end('abcd');
    expect(await faultOf(fetchRest().read)).toMatchObject({ kind: 'download', status, detail });
  });

  it('tells of a connection that is cut, without a status, so that it is tried again', async () => {
    routes[SHARD] = (response) => {
      response.writeHead(200, { 'Content-Length': 4 });
      response.write('ab', () => response.destroy());
    };
    const fault = await faultOf(fetchRest().read);
    expect(fault).toMatchObject({ kind: 'download', detail: 'the connection failed or was cut' });
    expect(fault).not.toHaveProperty('status');
  });

  it('gives up a host that stops sending', async () => {
    routes[SHARD] = (response) => {
      response.writeHead(200, { 'Content-Length': 4 });
      response.write('ab');
    };
    const fault = await faultOf(fetchRest(new AbortController(), 50).read);
    expect(fault).toMatchObject({ kind: 'download', detail: 'nothing arrived for 0.05 s' });
  });

  it('tells of a host that cannot be reached', async () => {
    const ports = createHostedPorts(file, siteUrl, store);
    routes[MANIFEST] = MANIFEST_ROUTE;
    const { signal } = new AbortController();
    await ports.describe(signal);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const fault = await faultOf(ports.openRange(0, 4, signal));
    expect(fault).toMatchObject({ kind: 'download', url: new URL(SHARD, siteUrl).href });
    expect(fault).not.toHaveProperty('status');
  });

  it('ends as stopped while it waits for an answer', async () => {
    const abort = new AbortController();
    routes[SHARD] = () => {
      abort.abort();
    };
    expect(await faultOf(fetchRest(abort).read)).toEqual({ kind: 'stopped' });
  });

  it('ends as stopped in the middle of a body', async () => {
    const abort = new AbortController();
    routes[SHARD] = (response) => {
      response.writeHead(200, { 'Content-Length': 4 });
      response.write('ab', () => {
        abort.abort();
      });
    };
    expect(await faultOf(fetchRest(abort).read)).toEqual({ kind: 'stopped' });
  });
});

describe('describe', () => {
  const load = (abort = new AbortController()) =>
    createHostedPorts(file, siteUrl, store).describe(abort.signal);

  it('reads it from below the site, also under a sub-path', async () => {
    routes[MANIFEST] = (response) => response.end(JSON.stringify(manifest));
    expect(await load()).toEqual({
      bytes: 4,
      sha256: HASH,
      hasRanges: true,
      shards: { shardBytes: 4, sha256: [HASH] },
    });
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
    ['another hash', { sha256: 'b'.repeat(64) }],
    ['another size', { bytes: 5, shardBytes: 5, shards: [{ ...manifest.shards[0], bytes: 5 }] }],
  ])('refuses a manifest of a file with %s than the catalog says', async (_what, other) => {
    routes[MANIFEST] = (response) => response.end(JSON.stringify({ ...manifest, ...other }));
    expect(await faultOf(load())).toMatchObject({ kind: 'integrity', file: 'weights.gguf' });
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
    return devicePorts.reserve(bytes);
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
  const pause = (abort: AbortController) => devicePorts.pause(2_000, abort.signal);

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
