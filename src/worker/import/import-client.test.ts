import { describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import { runImport, type ImportOutcome, type ImportTask } from '../../domain/sets/import-task';
import { createImportClient } from './import-client';
import { fetchExamples, fetchRows, fetchText, listSplits } from './set-source';
import type { ImportWorkerApi } from '../protocol';
import { createServer, type Server } from 'node:http';
import { FakeWorker } from '../testing/fake-worker';

const task = {
  kind: 'read' as const,
  given: [{ path: 'sums.jsonl', text: '{"question":"2+2?","answer":"#### 4"}' }],
  language: 'en',
} satisfies ImportTask;
const { signal } = new AbortController();

/** The other side of the client; `runImport` is what a test makes of it. */
const makeWorker = (runTask: (task: ImportTask) => ImportOutcome | Promise<ImportOutcome> = runImport) =>
  new FakeWorker({
    runImport: runTask,
    fetchText: (address: string) => fetchText(new URL(address)),
    listSplits,
    fetchRows,
    fetchExamples,
  } satisfies Omit<ImportWorkerApi, 'runImport'> & { runImport: typeof runTask });
const runTask = (worker: FakeWorker, wanted: ImportTask = task, until = signal) =>
  createImportClient(undefined, () => worker).run(wanted, until);
const hang = () => new Promise<ImportOutcome>(() => undefined);

async function faultOf(promise: Promise<unknown>) {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  return outcome instanceof FaultError ? outcome.fault : outcome;
}

describe('the import client', () => {
  it('reads in a worker of its own, and ends that', async () => {
    const worker = makeWorker();
    const outcome = await runTask(worker);
    expect(outcome).toMatchObject({
      kind: 'preview',
      imported: { testSet: { cases: [{ prompt: '2+2?' }] } },
    });
    expect(worker.terminated).toBe(true);
  });

  it('says what is wrong with a text as the reader does', async () => {
    const worker = makeWorker();
    const fault = await faultOf(runTask(worker, { ...task, given: [{ path: '', text: '' }] }));
    expect(fault).toMatchObject({ kind: 'bad-input', detail: 'it is empty' });
    expect(worker.terminated).toBe(true);
  });

  it('ends the worker at once when nobody waits any more', async () => {
    const abort = new AbortController();
    const worker = makeWorker(hang);
    const fault = faultOf(runTask(worker, task, abort.signal));
    abort.abort();
    expect(await fault).toEqual({ kind: 'stopped' });
    expect(worker.terminated).toBe(true);
    expect(await faultOf(runTask(worker, task, abort.signal))).toEqual({ kind: 'stopped' });
  });

  it('tells of a worker that died', async () => {
    const worker = makeWorker(hang);
    const fault = faultOf(runTask(worker));
    worker.fail('out of memory');
    expect(await fault).toMatchObject({ kind: 'engine', detail: 'out of memory' });
    expect(worker.terminated).toBe(true);
  });

  it('fetches in the worker, and ends that with the wait', async () => {
    const { url, server } = await serve();
    try {
      const worker = makeWorker();
      const client = createImportClient(url, () => worker);
      expect(await client.fetchText(new URL('a.txt', url), signal)).toBe('/a.txt');
      expect(worker.terminated).toBe(true);
      const [split] = await createImportClient(url, () => makeWorker()).listSplits('o/d', signal);
      if (split === undefined) throw new Error('no split');
      const counts: number[] = [];
      const onRows = (count: number) => void counts.push(count);
      const rows = await createImportClient(url, () => makeWorker()).fetchRows(split, 5, signal, onRows);
      expect(rows).toEqual([{ a: 1 }]);
      expect(counts).toEqual([1]);
      const task = 'task: t\nnum_fewshot: 1\nfewshot_split: test\ntest_split: x\ndoc_to_text: x\n';
      const examples = createImportClient(url, () => makeWorker());
      const pool = await examples.fetchExamples(split, task, 1, signal, onRows);
      expect(pool).toEqual({ length: 1, rows: new Map([[0, { a: 1 }]]) });

      const abort = new AbortController();
      const waiting = makeWorker();
      const fault = faultOf(
        createImportClient(url, () => waiting).fetchText(new URL('hang', url), abort.signal),
      );
      abort.abort();
      expect(await fault).toEqual({ kind: 'stopped' });
      expect(waiting.terminated).toBe(true);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

async function serve(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/hang') return;
    if (path.startsWith('/splits')) {
      response.end('{"splits":[{"dataset":"o/d","config":"c","split":"test"}]}');
    } else response.end(path.startsWith('/rows') ? '{"rows":[{"row":{"a":1}}]}' : path);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}/`, server };
}
