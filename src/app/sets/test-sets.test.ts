import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { hashTestSet } from '../../domain/sets/test-set';
import { BUNDLED_SETS, loadTestSet, summarise } from './test-sets';

const siteUrl = 'https://someone.github.io/wizardbench/';
const readPublic = (url: URL) =>
  readFileSync(new URL(`../../../public/${url.href.slice(siteUrl.length)}`, import.meta.url), 'utf8');

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

describe('the bundled sets', () => {
  it.each(BUNDLED_SETS)('$id is listed as its file is', async (summary) => {
    const loaded = await loadTestSet(siteUrl, summary.id, (url) => Promise.resolve(readPublic(url)));
    expect(summarise(loaded)).toEqual(summary);
    expect(loaded.sha256).toBe(await hashTestSet(loaded.testSet));
  });

  it('are all the files there are', () => {
    const files = readdirSync(new URL('../../../public/sets/', import.meta.url)).filter((name) =>
      name.endsWith('.json'),
    );
    expect(BUNDLED_SETS.map(({ id }) => `${id}.json`).sort()).toEqual(files.sort());
  });

  it('give a first visit a quick set, in its language', () => {
    for (const language of ['en', 'ru'])
      expect(BUNDLED_SETS.find((set) => set.language === language)?.caseCount).toBe(24);
  });
});

describe('loadTestSet', () => {
  it('loads the one set from below the site', async () => {
    const asked: string[] = [];
    await loadTestSet(siteUrl, 'logic-ru', (url) => {
      asked.push(url.href);
      return Promise.resolve(readPublic(url));
    });
    expect(asked).toEqual([`${siteUrl}sets/logic-ru.json`]);
  });

  it('builds a generated set from its id, without asking anybody', async () => {
    const offline = () => Promise.reject(new Error('offline'));
    const { testSet, sha256 } = await loadTestSet(siteUrl, 'gen-ordering-7-20-2-ru', offline);
    expect(testSet).toMatchObject({ id: 'gen-ordering-7-20-2-ru', language: 'ru' });
    expect(testSet.cases).toHaveLength(20);
    expect(sha256).toBe(await hashTestSet(testSet));
  });

  it('says bad input for what is no set', async () => {
    const set = loadTestSet(siteUrl, 'logic-en', () => Promise.resolve('<!doctype html>'));
    await expect(set).rejects.toMatchObject({ fault: { kind: 'bad-input', what: 'test set' } });
  });

  it('says download, with the status, for a file that is not there', async () => {
    const url = await serve(404, 'no such file');
    await expect(loadTestSet(url, 'logic-en')).rejects.toMatchObject({
      fault: { kind: 'download', status: 404, url: expect.stringContaining('sets/logic-') as unknown },
    });
    await expect(loadTestSet(url, 'gen-giraffe-7-20-2-ru')).rejects.toMatchObject({
      fault: { kind: 'download', status: 404 },
    });
  });

  it('says download for a host that cannot be reached', async () => {
    const url = await serve(200, '');
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    await expect(loadTestSet(url, 'logic-en')).rejects.toMatchObject({ fault: { kind: 'download' } });
  });
});
