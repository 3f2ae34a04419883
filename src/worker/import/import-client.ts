import { proxy, releaseProxy, wrap, type Remote } from 'comlink';
import { FaultError, toFault } from '../../domain/fault';
import type { Row, SomeRows } from '../../domain/formats/rows';
import type { ImportOutcome, ImportTask } from '../../domain/sets/import-task';
import type { HubSplit } from '../../domain/sets/set-address';
import { carryFaults, type ImportWorkerApi } from '../protocol';

carryFaults();

/** Each step of an import has a worker of its own, which an abort ends at once. */
interface ImportClient {
  /** @throws FaultError `bad-input`; `stopped`; `engine` when the worker died, as it does without memory */
  run(task: ImportTask, signal: AbortSignal): Promise<ImportOutcome>;
  /** @throws FaultError `download`, `bad-input` and those of `run` */
  fetchText(url: URL, signal: AbortSignal): Promise<string>;
  /** The parts of a data set on the Hub. @throws FaultError as `fetchText` */
  listSplits(dataset: string, signal: AbortSignal): Promise<readonly HubSplit[]>;
  /** The first rows of a part. @throws FaultError as `fetchText` */
  fetchRows(
    split: HubSplit,
    most: number,
    signal: AbortSignal,
    onRows: (count: number) => void,
  ): Promise<readonly Row[]>;
  /** The rows of a part from which a task draws the examples of so many questions. @throws FaultError as `fetchText` */
  fetchExamples(
    split: HubSplit,
    task: string,
    questions: number,
    signal: AbortSignal,
    onRows: (count: number) => void,
  ): Promise<SomeRows>;
}

/** @param rowsUrl of a stand-in for the Hub's service that reads data sets */
export function createImportClient(
  rowsUrl?: string,
  startWorker: () => Worker = startImportWorker,
): ImportClient {
  return {
    run: (task, signal) => useWorker(startWorker, signal, async (remote) => await remote.runImport(task)),
    fetchText: (url, signal) => useWorker(startWorker, signal, (remote) => remote.fetchText(url.href)),
    listSplits: (dataset, signal) =>
      useWorker(startWorker, signal, (remote) => remote.listSplits(dataset, rowsUrl)),
    fetchRows: (split, most, signal, onRows) =>
      useWorker(startWorker, signal, (remote) => remote.fetchRows(split, most, proxy(onRows), rowsUrl)),
    fetchExamples: (split, task, questions, signal, onRows) =>
      useWorker(startWorker, signal, (remote) =>
        remote.fetchExamples(split, task, questions, proxy(onRows), rowsUrl),
      ),
  };
}

async function useWorker<Value>(
  startWorker: () => Worker,
  signal: AbortSignal,
  use: (remote: Remote<ImportWorkerApi>) => Promise<Value>,
): Promise<Value> {
  if (signal.aborted) throw new FaultError({ kind: 'stopped' });
  const worker = startWorker();
  const remote = wrap<ImportWorkerApi>(worker);
  let onAbort: () => void = () => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(new FaultError({ kind: 'stopped' }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    worker.addEventListener('error', ({ message }) => {
      reject(new FaultError({ kind: 'engine', detail: message || 'the worker could not start' }));
    });
  });
  try {
    return await Promise.race([use(remote), ended]);
  } catch (error) {
    throw new FaultError(toFault(error), { cause: error });
  } finally {
    signal.removeEventListener('abort', onAbort);
    remote[releaseProxy]();
    worker.terminate();
  }
}

function startImportWorker(): Worker {
  return new Worker(new URL('./import.worker.ts', import.meta.url), { type: 'module', name: 'import' });
}
