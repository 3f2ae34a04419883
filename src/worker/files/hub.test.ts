import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startHub } from '../../../e2e/hub-stand-in.mjs';
import { FaultError, type Fault } from '../../domain/fault';
import { listRepo, searchHub } from './hub';

const { signal } = new AbortController();
const bytes = new Uint8Array(1_000).fill(7);
let hub: Awaited<ReturnType<typeof startHub>>;

beforeEach(async () => {
  const files = ['a.Q4_0.gguf', 'a.Q8_0.gguf', 'sub/b.gguf', 'README.md', 'onnx/model_q4.onnx'];
  hub = await startHub(
    {
      ...Object.fromEntries(files.map((path) => [`TheBloke/wizardLM-7B-GGUF/${path}`, { bytes }])),
      'TheBloke/other-GGUF/x.gguf': { bytes },
    },
    { pageSize: 2 },
  );
});
afterEach(() => hub.close());

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

describe('searchHub', () => {
  it('finds models by words', async () => {
    expect(await searchHub('wizardlm 7b', signal, hub.url)).toEqual([
      {
        repo: 'TheBloke/wizardLM-7B-GGUF',
        downloads: 1_000,
        likes: 3,
        gated: false,
        updatedAt: Date.UTC(2024, 4, 27),
      },
    ]);
    expect(await searchHub('nothing like it', signal, hub.url)).toEqual([]);
  });
});

describe('listRepo', () => {
  it('lists what engines can use, page by page, with size and hash', async () => {
    const repo = await listRepo('TheBloke/wizardLM-7B-GGUF', signal, hub.url);
    expect(repo.gguf.map(({ path }) => path)).toEqual(['a.Q4_0.gguf', 'a.Q8_0.gguf', 'sub/b.gguf']);
    expect(repo.onnx.map(({ path }) => path)).toEqual(['onnx/model_q4.onnx']);
    expect(repo.gguf[2]).toEqual({
      path: 'sub/b.gguf',
      bytes: 1_000,
      sha256: hub.sha256('TheBloke/wizardLM-7B-GGUF/a.Q4_0.gguf'),
      url: hub.fileUrl('TheBloke/wizardLM-7B-GGUF/sub/b.gguf'),
    });
    expect(hub.requests).toHaveLength(3);
  });

  it('takes any address on the Hub', async () => {
    const repo = await listRepo(`${hub.url}/TheBloke/other-GGUF/blob/main/x.gguf`, signal, hub.url);
    expect(repo).toMatchObject({ repo: 'TheBloke/other-GGUF', path: 'x.gguf' });
    expect(repo.gguf).toHaveLength(1);
  });

  it('refuses what is no address', async () => {
    expect(await faultOf(listRepo('wizard', signal, hub.url))).toMatchObject({
      kind: 'bad-input',
      what: 'Hub address',
    });
    expect(hub.requests).toEqual([]);
  });
});

describe('a Hub with faults', () => {
  const list = (abort = signal) => listRepo('TheBloke/wizardLM-7B-GGUF', abort, hub.url);

  it('says that a repo is missing or private as the Hub does', async () => {
    expect(await faultOf(listRepo('no/such', signal, hub.url))).toMatchObject({
      kind: 'download',
      status: 401,
      detail: 'HTTP 401 RepoNotFound',
    });
  });

  it.each<[status: number, headers: Record<string, string>, expected: object]>([
    [403, { 'X-Error-Code': 'GatedRepo' }, { status: 403, detail: 'HTTP 403 GatedRepo' }],
    [404, {}, { status: 404 }],
    [429, { 'Retry-After': '42' }, { status: 429, retryAfterSeconds: 42 }],
    [500, {}, { status: 500 }],
  ])('tells of HTTP %i', async (status, headers, expected) => {
    hub.fail({ on: 'api', status, headers });
    expect(await faultOf(list())).toMatchObject({ kind: 'download', ...expected });
  });

  it('tells of a page in place of data', async () => {
    hub.fail({ on: 'api', html: true });
    expect(await faultOf(list())).toMatchObject({
      kind: 'download',
      detail: 'the answer is not what the Hub sends',
    });
  });

  it('tells when it cannot be reached', async () => {
    await hub.close();
    const fault = await faultOf(list());
    expect(fault).toMatchObject({ kind: 'download', detail: 'the Hub cannot be reached' });
    expect(fault).not.toHaveProperty('status');
  });

  it('can be stopped', async () => {
    hub.fail({ on: 'api', delayMs: 5_000 });
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort();
    }, 20);
    expect(await faultOf(list(abort.signal))).toEqual({ kind: 'stopped' });
  });
});
