import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blobSource, bytesSource, urlSource } from './source';
import { InferenceError } from '../errors';

const data = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
let server: Server;
let base: string;
let totalShown = data.length;

beforeAll(async () => {
  server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (request.url === '/missing') return response.writeHead(404).end();
    if (request.url === '/whole' || !range) return response.writeHead(200).end(data);
    const [first, last] = [Number(range[1]), Number(range[2])];
    const headers = { 'Content-Range': `bytes ${first}-${last}/${totalShown}` };
    if (request.url === '/unsized') return response.writeHead(206).end(data.subarray(first, last + 1));
    if (request.url === '/short' && last > first)
      return response.writeHead(206, headers).end(data.subarray(first, last));
    return response.writeHead(206, headers).end(data.subarray(first, last + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof InferenceError) return error.code;
    throw error;
  }
  return 'no error';
}

test.each([
  ['a Blob', () => Promise.resolve(blobSource(new Blob([data])))],
  ['bytes', () => Promise.resolve(bytesSource(data))],
  ['a URL', () => urlSource(`${base}/ranges`)],
])('%s gives exactly the asked range', async (_name, open) => {
  const source = await open();
  expect(source.size).toBe(1000);
  expect(await source.read(10, 5)).toEqual(data.slice(10, 15));
  expect(await source.read(0, 1000)).toEqual(data);
  expect(await source.read(1000, 0)).toEqual(new Uint8Array(0));
  expect(await codeOf(source.read(999, 2))).toBe('bad-file');
  expect(await codeOf(source.read(-1, 2))).toBe('bad-input');
  expect(await codeOf(source.read(0, 1.5))).toBe('bad-input');
  await expect(source.read(0, 1, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

test('refuses servers that cannot serve ranges, instead of loading everything', async () => {
  expect(await codeOf(urlSource(`${base}/whole`))).toBe('unsupported');
  expect(await codeOf(urlSource(`${base}/unsized`))).toBe('unsupported');
  expect(await codeOf(urlSource(`${base}/missing`))).toBe('read-failed');
  expect(await codeOf(urlSource('http://127.0.0.1:1/closed'))).toBe('read-failed');
});

test('notices short answers and files that change', async () => {
  const short = await urlSource(`${base}/short`);
  expect(await codeOf(short.read(0, 10))).toBe('read-failed');
  const source = await urlSource(`${base}/ranges`);
  totalShown = 999;
  expect(await codeOf(source.read(0, 10))).toBe('read-failed');
  totalShown = data.length;
});
