import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { hashTestSet } from '../domain/test-set';
import { loadBundledSets } from './test-sets';

const siteUrl = 'https://someone.github.io/wizardbench/';
const readPublic = (url: URL) =>
  readFileSync(new URL(`../../public/${url.href.slice(siteUrl.length)}`, import.meta.url), 'utf8');

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function serve(status: number, body: string): Promise<string> {
  const started = createServer((_request, response) => response.writeHead(status).end(body));
  server = started;
  await new Promise<void>((resolve) => {
    started.listen(0, '127.0.0.1', resolve);
  });
  const address = started.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/`;
}

describe('loadBundledSets', () => {
  it('loads the English and the Russian set from below the site, with their hashes', async () => {
    const asked: string[] = [];
    const sets = await loadBundledSets(siteUrl, (url) => {
      asked.push(url.href);
      return Promise.resolve(readPublic(url));
    });
    expect(asked).toEqual([`${siteUrl}sets/logic-en.json`, `${siteUrl}sets/logic-ru.json`]);
    expect(sets.map(({ testSet }) => testSet.language)).toEqual(['en', 'ru']);
    for (const { testSet, sha256 } of sets) expect(sha256).toBe(await hashTestSet(testSet));
  });

  it('says bad input for what is no set', async () => {
    const sets = loadBundledSets(siteUrl, () => Promise.resolve('<!doctype html>'));
    await expect(sets).rejects.toMatchObject({ fault: { kind: 'bad-input', what: 'test set' } });
  });

  it('says download, with the status, for a file that is not there', async () => {
    const url = await serve(404, 'no such file');
    await expect(loadBundledSets(url)).rejects.toMatchObject({
      fault: { kind: 'download', status: 404, url: expect.stringContaining('sets/logic-') as unknown },
    });
  });

  it('says download for a host that cannot be reached', async () => {
    const url = await serve(200, '');
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await expect(loadBundledSets(url)).rejects.toMatchObject({ fault: { kind: 'download' } });
  });
});
