import { releaseProxy, wrap } from 'comlink';
import { FaultError, toFault } from '../../domain/fault';
import type { ImportOutcome, ImportTask } from '../../domain/sets/import-task';
import { carryFaults, type ImportWorkerApi } from '../protocol';

carryFaults();

/**
 * Runs one step of an import in a worker of its own, which an abort ends at once.
 * @throws FaultError `bad-input`; `stopped`; `engine` when the worker died, as it does without memory
 */
export async function runImportTask(
  task: ImportTask,
  signal: AbortSignal,
  startWorker: () => Worker = startImportWorker,
): Promise<ImportOutcome> {
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
    return await Promise.race([remote.runImport(task), ended]);
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
