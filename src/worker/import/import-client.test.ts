import { describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import { runImport, type ImportOutcome, type ImportTask } from '../../domain/sets/import-task';
import { runImportTask } from './import-client';
import { FakeWorker } from '../testing/fake-worker';

const task: ImportTask = {
  kind: 'read',
  text: '{"question":"2+2?","answer":"#### 4"}',
  name: 'sums.jsonl',
  language: 'en',
};
const { signal } = new AbortController();

async function faultOf(promise: Promise<unknown>) {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  return outcome instanceof FaultError ? outcome.fault : outcome;
}

describe('runImportTask', () => {
  it('reads in a worker of its own, and ends that', async () => {
    const worker = new FakeWorker({ runImport });
    const outcome = await runImportTask(task, signal, () => worker);
    expect(outcome).toMatchObject({
      kind: 'preview',
      imported: { testSet: { cases: [{ prompt: '2+2?' }] } },
    });
    expect(worker.terminated).toBe(true);
  });

  it('says what is wrong with a text as the reader does', async () => {
    const worker = new FakeWorker({ runImport });
    const fault = await faultOf(runImportTask({ ...task, text: '' }, signal, () => worker));
    expect(fault).toMatchObject({ kind: 'bad-input', detail: 'it is empty' });
    expect(worker.terminated).toBe(true);
  });

  it('ends the worker at once when nobody waits any more', async () => {
    const abort = new AbortController();
    const worker = new FakeWorker({ runImport: () => new Promise<ImportOutcome>(() => undefined) });
    const fault = faultOf(runImportTask(task, abort.signal, () => worker));
    abort.abort();
    expect(await fault).toEqual({ kind: 'stopped' });
    expect(worker.terminated).toBe(true);
    expect(await faultOf(runImportTask(task, abort.signal, () => worker))).toEqual({ kind: 'stopped' });
  });

  it('tells of a worker that died', async () => {
    const worker = new FakeWorker({ runImport: () => new Promise<ImportOutcome>(() => undefined) });
    const fault = faultOf(runImportTask(task, signal, () => worker));
    worker.fail('out of memory');
    expect(await fault).toMatchObject({ kind: 'engine', detail: 'out of memory' });
    expect(worker.terminated).toBe(true);
  });
});
