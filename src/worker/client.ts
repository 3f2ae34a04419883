import { proxy, releaseProxy, wrap, type Remote } from 'comlink';
import type { DeviceCard } from '../domain/engine/device';
import { FaultError, toFault } from '../domain/fault';
import type { LocalFile } from '../domain/download/local-file';
import type { RunEnd } from '../domain/run/run';
import {
  carryFaults,
  type ChatRequest,
  type ChatWorkerEvent,
  type EngineSummary,
  type EngineWorkerApi,
  type GradedAnswer,
  type GradeRequest,
  type ModelFilesApi,
  type RunRequest,
  type SpeedEvent,
  type SpeedRequest,
  type TransferEvent,
  type WorkerEvent,
} from './protocol';

/** How long a worker may take to stop by itself; a stop must be over within a second. */
const STOP_GRACE_MS = 300;

export interface EngineClient {
  /** Starts the worker, not an engine. @throws FaultError `engine` when the worker died meanwhile, as all that follow */
  listEngines(): Promise<readonly EngineSummary[]>;
  /** Grades stored answers without a model. */
  gradeAnswers(request: GradeRequest): Promise<readonly GradedAnswer[]>;
  /**
   * Runs a test set in the worker. An abort ends it as `stopped`: kindly first, then by ending the worker.
   * @throws FaultError when the run could not start, or `out-of-memory`/`engine` when the worker died
   */
  run(
    request: RunRequest,
    listener: (events: readonly WorkerEvent[]) => void,
    signal: AbortSignal,
  ): Promise<RunEnd>;
  /**
   * Has the model answer in a conversation. An abort ends it as `stopped`, like a run.
   * @throws FaultError when the model could not be opened, or `engine` when the worker died
   */
  chat(
    request: ChatRequest,
    listener: (events: readonly ChatWorkerEvent[]) => void,
    signal: AbortSignal,
  ): Promise<RunEnd>;
  /**
   * Measures this device's speed in the worker. An abort ends it as `stopped`, like a run; what was told before stands.
   * @throws FaultError when it could not start, or `engine` when the worker died
   */
  measureSpeed(
    request: SpeedRequest,
    listener: (events: readonly SpeedEvent[]) => void,
    signal: AbortSignal,
  ): Promise<RunEnd>;
  /** Forgets what was measured of an artifact on this device: its next use measures anew. */
  recalibrate(artifactId: string): Promise<void>;
  /** Finds out what this device can do; some seconds. */
  probeDevice(): Promise<DeviceCard>;
}

export interface ModelFilesClient extends Omit<ModelFilesApi, 'importLocal'> {
  /** Copies a picked file into the store. An abort ends it as `stopped`. @throws FaultError */
  importLocal(
    file: LocalFile,
    listener: (events: readonly TransferEvent[]) => void,
    signal: AbortSignal,
  ): Promise<RunEnd>;
}

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
