import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import { fetchExamples, fetchRows, fetchText, listSplits } from './set-source';

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const started = createServer(answer);
  server = started;
  await new Promise<void>((resolve) => {
    started.listen(0, '127.0.0.1', resolve);
  });
  const address = started.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/`;
}

/** Answers as the Hub's service documents it, 100 rows at most at a time. */
function serveRows(total: number) {
  return serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    if (url.pathname === '/splits') {
      if (url.searchParams.get('dataset') === 'no/such') {
        response.writeHead(404).end(JSON.stringify({ error: 'The dataset does not exist.' }));
        return;
      }
      const split = { dataset: url.searchParams.get('dataset'), config: 'main', split: 'test' };
      response.end(JSON.stringify({ splits: [split], pending: [], failed: [] }));
      return;
    }
    const offset = Number(url.searchParams.get('offset'));
    const length = Number(url.searchParams.get('length'));
    const indexes = [...Array(Math.max(0, Math.min(length, total - offset))).keys()];
    const rows = indexes.map((at) => ({
      row_idx: offset + at,
      row: { n: offset + at },
      truncated_cells: [],
    }));
    response.end(JSON.stringify({ features: [], rows, num_rows_total: total }));
  });
}

const { signal } = new AbortController();
const faultOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof FaultError ? error.fault : error),
  );

describe('fetchText', () => {
  it('reads a text whole, whatever the pieces it comes in', async () => {
    const url = await serve((_request, response) => {
      const bytes = Buffer.from('вопрос');
      response.write(bytes.subarray(0, 3));
      setTimeout(() => response.end(bytes.subarray(3)), 20);
    });
    expect(await fetchText(new URL(url), signal)).toBe('вопрос');
  });

  it.each([
    [503, { kind: 'bad-input', what: 'answer of a host', detail: 'HTTP 503: busy' }],
    [404, { kind: 'download', status: 404, detail: 'HTTP 404: busy' }],
    [429, { kind: 'download', status: 429, retryAfterSeconds: 7 }],
  ])('says the status %d, and what the host says of it', async (status, fault) => {
    const url = await serve((_request, response) =>
      response.writeHead(status, { 'Retry-After': '7' }).end('{"error":"busy"}'),
    );
    expect(await faultOf(fetchText(new URL(url), signal))).toMatchObject(fault);
  });

  it('reads no more than it may, whether or not the length is announced', async () => {
    const announced = await serve((_request, response) => response.end('x'.repeat(2_000)));
    expect(await faultOf(fetchText(new URL(announced), signal, 1_000))).toMatchObject({ kind: 'bad-input' });
    server?.close();
    const chunked = await serve((_request, response) => {
      response.write('x'.repeat(1_500));
      response.end('x');
    });
    expect(await faultOf(fetchText(new URL(chunked), signal, 1_000))).toMatchObject({ kind: 'bad-input' });
  });

  it('names a host that cannot be reached', async () => {
    expect(await faultOf(fetchText(new URL('http://127.0.0.1:1/'), signal))).toEqual({
      kind: 'bad-input',
      what: 'closed host',
      detail: '127.0.0.1:1',
    });
  });
});

describe('the rows of a data set on the Hub', () => {
  it('lists the parts, by name or by address', async () => {
    const url = await serveRows(0);
    const parts = [{ dataset: 'openai/gsm8k', config: 'main', split: 'test' }];
    expect(await listSplits('openai/gsm8k', url)).toEqual(parts);
    expect(await listSplits('https://huggingface.co/datasets/openai/gsm8k', url)).toEqual(parts);
    expect(await faultOf(listSplits('no/such', url))).toMatchObject({
      status: 404,
      detail: 'HTTP 404: The dataset does not exist.',
    });
    expect(await faultOf(listSplits('a b', url))).toMatchObject({ kind: 'bad-input' });
  });

  it('fetches page after page, as many as are wanted or there are', async () => {
    const url = await serveRows(230);
    const part = { dataset: 'o/d', config: 'main', split: 'test' };
    const counts: number[] = [];
    const rows = await fetchRows(part, 1_000, (count) => counts.push(count), url);
    expect(rows).toHaveLength(230);
    expect(rows[229]).toEqual({ n: 229 });
    expect(counts).toEqual([100, 200, 230]);
    expect(await fetchRows(part, 120, undefined, url)).toHaveLength(120);
  });

  it('fetches for the examples of a task only the pages that they are on', async () => {
    const url = await serveRows(1_000);
    const part = { dataset: 'o/d', config: 'main', split: 'train' };
    const task = 'task: t\nnum_fewshot: 2\nfewshot_split: train\ntest_split: test\ndoc_to_text: x\n';
    const { length, rows } = await fetchExamples(part, task, 2, undefined, url);
    // `random.Random(1234)` draws 989 and 796 and 451 and 119 of a thousand: these, and the first page.
    expect(length).toBe(1_000);
    const pages = [...new Set([...rows.keys()].map((at) => Math.floor(at / 100)))];
    expect(pages.sort((a, b) => a - b)).toEqual([0, 1, 4, 7, 9]);
    for (const at of [119, 451, 796, 989]) expect(rows.get(at)).toEqual({ n: at });
    const first = `${task}fewshot_config: {sampler: first_n}\n`;
    expect([...(await fetchExamples(part, first, 2, undefined, url)).rows.keys()]).toHaveLength(100);
    const many = await serveRows(100_000);
    expect(await faultOf(fetchExamples(part, task, 2_000, undefined, many))).toMatchObject({
      kind: 'bad-input',
      what: 'examples',
    });
  });

  it('refuses an answer that is none', async () => {
    const url = await serve((_request, response) => response.end('{"rows":[1]}'));
    const part = { dataset: 'o/d', config: 'main', split: 'test' };
    expect(await faultOf(fetchRows(part, 5, undefined, url))).toMatchObject({ kind: 'bad-input' });
  });
});
