import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_IMAGE_BYTES } from '../../domain/sets/test-set';
import { loadImage } from './load-image';

let server: Server;
let site: URL;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/site/sets/a.png') response.end(Buffer.from([1, 2, 255]));
    else if (request.url === '/site/large.png') response.end(Buffer.alloc(MAX_IMAGE_BYTES + 1));
    else response.writeHead(404).end('not found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/site/`);
});
afterAll(() => {
  server.close();
});

const load = (image: { base64?: string; path?: string }, signal = new AbortController().signal) =>
  loadImage({ mediaType: 'image/png', ...image }, site, signal);

describe('loadImage', () => {
  it('reads what the set holds, and files below the site', async () => {
    const expected = { mediaType: 'image/png', bytes: new Uint8Array([1, 2, 255]) };
    expect(await load({ base64: 'AQL/' })).toEqual(expected);
    expect(await load({ path: 'sets/a.png' })).toEqual(expected);
  });

  it('says what is wrong with a file', async () => {
    await expect(load({ path: 'none.png' })).rejects.toMatchObject({
      fault: { kind: 'download', status: 404 },
    });
    await expect(load({ path: 'large.png' })).rejects.toMatchObject({ fault: { kind: 'download' } });
    await expect(load({ path: 'sets/a.png' }, AbortSignal.abort())).rejects.toMatchObject({
      fault: { kind: 'stopped' },
    });
  });
});
