import { proxy, releaseProxy, wrap, type Remote } from 'comlink';
import { FaultError, toFault } from '../domain/fault';
import type { RunEnd } from '../domain/run/run';
import {
  carryFaults,
  type ChatWorkerEvent,
  type EngineWorkerApi,
  type ModelFilesApi,
  type SpeedEvent,
  type TransferEvent,
  type WorkerEvent,
} from './protocol';

/** How long a worker may take to stop by itself; a stop must be over within a second. */
const STOP_GRACE_MS = 300;

/**
 * Something long that the worker does, as the page asks for it: with a signal. An abort ends it as `stopped`: kindly
 * first, then by ending the worker; what was told before stands. Rejects also with a FaultError `out-of-memory` or
 * `engine` when the worker died.
 */
type Abortable<Work> = Work extends (...request: infer Request) => Promise<RunEnd>
  ? (...request: [...Request, signal: AbortSignal]) => Promise<RunEnd>
  : never;

/** A question to the worker. Starts the worker, not an engine. Rejects also with a FaultError `engine` when it died. */
type Asked<Question> = Question extends (...request: infer Request) => infer Answer
  ? (...request: Request) => Promise<Awaited<Answer>>
  : never;

type Client<Api, Long extends keyof Api> = {
  readonly [Name in keyof Api]: Name extends Long ? Abortable<Api[Name]> : Asked<Api[Name]>;
};

/** The page's side of `EngineWorkerApi`: what each does is said there. */
export type EngineClient = Client<Omit<EngineWorkerApi, 'stop'>, 'run' | 'chat' | 'measureSpeed'>;

/** The page's side of `ModelFilesApi`. */
export type ModelFilesClient = Client<ModelFilesApi, 'importLocal'>;

type WorkerApi = EngineWorkerApi & ModelFilesApi;

interface LiveWorker {
  readonly worker: Worker;
  readonly remote: Remote<WorkerApi>;
}

carryFaults();

/** The page's side of the engine worker; the worker is started by the first run and kept for the next. */
export function createEngineClient(
  startWorker: () => Worker = startEngineWorker,
): EngineClient & ModelFilesClient {
  let live: LiveWorker | undefined;
  /** Told when the worker ends before it has answered. */
  const bereaved = new Set<() => void>();

  function end(): void {
    for (const tell of bereaved) tell();
    live?.remote[releaseProxy]();
    live?.worker.terminate();
    live = undefined;
  }

  function start(): LiveWorker {
    if (live === undefined) {
      const worker = startWorker();
      // One that dies between runs must not be given the next.
      worker.addEventListener('error', () => {
        if (live?.worker === worker) end();
      });
      live = { worker, remote: wrap<WorkerApi>(worker) };
    }
    return live;
  }

  /** Has the worker do one long thing, until it ends by itself, by `signal` or by its death. */
  async function supervise<Event>(
    begin: (remote: Remote<WorkerApi>, deliver: (events: readonly Event[]) => void) => PromiseLike<RunEnd>,
    listener: (events: readonly Event[]) => void,
    signal: AbortSignal,
  ): Promise<RunEnd> {
    const { worker, remote } = start();
    if (signal.aborted) return { kind: 'stopped' };
    let resolve: (end: RunEnd) => void = () => undefined;
    let reject: (error: FaultError) => void = () => undefined;
    const ended = new Promise<RunEnd>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    let graceTimer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => {
      void remote.stop();
      graceTimer = setTimeout(() => {
        end();
        resolve({ kind: 'stopped' });
      }, STOP_GRACE_MS);
    };
    const onError = (event: ErrorEvent) => {
      end();
      reject(new FaultError({ kind: 'engine', detail: event.message || 'the worker could not start' }));
    };
    worker.addEventListener('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    // After a stop, late events of a worker that is being ended must not reach the page.
    const deliver = (events: readonly Event[]) => {
      if (!signal.aborted) listener(events);
    };
    begin(remote, proxy(deliver)).then(resolve, (error: unknown) => {
      const fault = toFault(error);
      if (fault.kind === 'stopped') resolve({ kind: 'stopped' });
      else reject(new FaultError(fault, { cause: error }));
    });
    try {
      return await ended;
    } finally {
      clearTimeout(graceTimer);
      signal.removeEventListener('abort', onAbort);
      worker.removeEventListener('error', onError);
    }
  }

  /** Has the worker answer a question; one that dies before answers nothing, not even that. */
  async function ask<Answer>(question: (remote: Remote<WorkerApi>) => PromiseLike<Answer>): Promise<Answer> {
    const { remote } = start();
    let tell: () => void = () => undefined;
    const died = new Promise<never>((_resolve, reject) => {
      tell = () => {
        reject(new FaultError({ kind: 'engine', detail: 'the worker ended before it had answered' }));
      };
    });
    bereaved.add(tell);
    try {
      return await Promise.race([question(remote), died]);
    } finally {
      bereaved.delete(tell);
    }
  }

  return {
    listEngines: () => ask((remote) => remote.listEngines()),
    gradeAnswers: (request) => ask((remote) => remote.gradeAnswers(request)),
    recalibrate: (artifactId) => ask((remote) => remote.recalibrate(artifactId)),
    probeDevice: () => ask((remote) => remote.probeDevice()),
    run: (request, listener, signal) =>
      supervise<WorkerEvent>((remote, deliver) => remote.run(request, deliver), listener, signal),
    chat: (request, listener, signal) =>
      supervise<ChatWorkerEvent>((remote, deliver) => remote.chat(request, deliver), listener, signal),
    measureSpeed: (request, listener, signal) =>
      supervise<SpeedEvent>((remote, deliver) => remote.measureSpeed(request, deliver), listener, signal),
    importLocal: (file, listener, signal) =>
      supervise<TransferEvent>((remote, deliver) => remote.importLocal(file, deliver), listener, signal),
    inspectFiles: (files) => ask(async (remote) => await remote.inspectFiles(files)),
    inspectUrls: (urls, hubUrl) => ask(async (remote) => await remote.inspectUrls(urls, hubUrl)),
    planLora: (request) => ask((remote) => remote.planLora(request)),
    findMlcWeights: (request) => ask((remote) => remote.findMlcWeights(request)),
    searchHub: (text, hubUrl) => ask((remote) => remote.searchHub(text, hubUrl)),
    listRepo: (reference, hubUrl) => ask((remote) => remote.listRepo(reference, hubUrl)),
    listCached: () => ask((remote) => remote.listCached()),
    deleteCached: (fileId) => ask((remote) => remote.deleteCached(fileId)),
  };
}

function startEngineWorker(): Worker {
  return new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: 'engine' });
}
