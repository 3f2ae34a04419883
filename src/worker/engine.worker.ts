import { expose } from 'comlink';
import type { Device, Engine, Session, SessionInfo } from '../domain/engine';
import { FaultError, toFault } from '../domain/fault';
import { gradeAnswer } from '../domain/graders/registry';
import { sha256Hex } from '../domain/hash';
import type { Artifact } from '../domain/model';
import type { Run, RunEnd } from '../domain/run';
import { runCases } from '../domain/runner';
import { hashTestSet } from '../domain/test-set';
import { engineRegistry } from '../engines/registry';
import { createRunStore } from '../storage/run-store';
import { createSettingsStore } from '../storage/settings-store';
import { createShardStore } from '../storage/shard-store';
import { batchEvents, mergeRunEvents, mergeSpeedEvents, type EventBatch } from './batch-events';
import { measureRequest } from './measure-request';
import { describeDevice, obtainFiles, openWithEngine } from './open-session';
import {
  carryFaults,
  nameRunLock,
  type EngineWorkerApi,
  type RunRequest,
  type WorkerEvent,
} from './protocol';

const shardStore = createShardStore();
const runStore = createRunStore();
const settingsStore = createSettingsStore();

/** The prompt and the answer share the context; sets of ours stay far below this for the prompt. */
const PROMPT_TOKENS = 1536;

let running: AbortController | undefined;
/** Kept after a run: the next one with the same model starts at once. */
let loaded: { readonly key: string; readonly session: Session } | undefined;

const api: EngineWorkerApi = {
  listEngines: () => engineRegistry.map(({ id, label, formats }) => ({ id, label, formats })),
  run(request, listener) {
    return runAlone(batchEvents(listener, mergeRunEvents), (emit, signal) =>
      navigator.locks.request(nameRunLock(request.runId), () => runRequest(request, emit, signal)),
    );
  },
  measureSpeed(request, listener) {
    return runAlone(batchEvents(listener, mergeSpeedEvents), async (emit, signal) => {
      // It would take memory, and another engine is about to be measured.
      await closeLoaded();
      return await measureRequest(request, shardStore, settingsStore, emit, signal);
    });
  },
  stop() {
    running?.abort();
  },
};

/** One thing at a time: two would compete for the same cores. */
async function runAlone<Event>(
  events: EventBatch<Event>,
  work: (emit: (event: Event) => void, signal: AbortSignal) => Promise<RunEnd>,
): Promise<RunEnd> {
  if (running !== undefined) throw new FaultError({ kind: 'engine', detail: 'a run is already under way' });
  running = new AbortController();
  try {
    return await work(events.add, running.signal);
  } catch (error) {
    throw error instanceof FaultError ? error : new FaultError(toFault(error), { cause: error });
  } finally {
    events.flush();
    running = undefined;
  }
}

async function runRequest(
  request: RunRequest,
  emit: (event: WorkerEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { runId, model, testSet, sampling, repeats, continued } = request;
  const artifact = model.artifacts.find((each) => each.id === request.artifactId);
  if (artifact === undefined) throw new FaultError({ kind: 'unsupported', detail: request.artifactId });
  const device = describeDevice();
  const session = await openSession(request, artifact, device, emit, signal);

  if (continued === undefined) {
    const run: Run = {
      id: runId,
      device,
      startedAt: Date.now(),
      setup: {
        model: { id: model.id, name: model.name },
        artifact: {
          id: artifact.id,
          quantization: artifact.quantization,
          sha256: artifact.files[0]?.sha256 ?? '',
        },
        session: session.info,
        templateSha256: await sha256Hex(new TextEncoder().encode(model.template.source)),
        set: {
          id: testSet.id,
          title: testSet.title,
          language: testSet.language,
          sha256: await hashTestSet(testSet),
          caseCount: testSet.cases.length,
        },
        sampling,
        ...(repeats !== undefined && { repeats }),
      },
    };
    await runStore.createRun(run, testSet);
    emit({ type: 'run-opened', run });
  } else {
    await runStore.reopenRun(runId);
  }

  emit({ type: 'phase', phase: 'running' });
  const cases = runCases(
    {
      system: testSet.system,
      cases: testSet.cases,
      template: model.template,
      sampling,
      ...(repeats !== undefined && { repeats }),
      done: new Set(continued?.doneAttempts),
    },
    {
      session,
      grade: gradeAnswer,
      now: () => performance.now(),
      record: (result) => runStore.appendResult(runId, result),
    },
    signal,
  );
  for (;;) {
    const next = await cases.next();
    if (next.done === true) {
      await runStore.endRun(runId, next.value);
      // An engine that fails case after case is not trusted with another run.
      if (next.value.kind === 'failed') await closeLoaded();
      return next.value;
    }
    emit(next.value);
  }
}

/** The loaded session if it is the one wanted, else a new one: files, then the first engine that can. */
async function openSession(
  request: RunRequest,
  artifact: Artifact,
  device: Device,
  emit: (event: WorkerEvent) => void,
  signal: AbortSignal,
): Promise<Session> {
  const contextTokens = Math.min(artifact.contextTokens, request.sampling.maxTokens + PROMPT_TOKENS);
  const engineId = request.continued?.session.engineId ?? request.engineId;
  const key = [artifact.id, contextTokens, engineId, request.continued?.session.threads].join(' ');
  if (loaded?.key === key) return loaded.session;
  await closeLoaded();
  const files = await obtainFiles(artifact, request.modelsUrl, shardStore, emit, signal);

  emit({ type: 'phase', phase: 'loading' });
  const insteadOf: { readonly engineId: string; readonly reason: string }[] = [];
  for (const engine of findEngines(artifact, device, engineId)) {
    try {
      const session = await openWithEngine(
        engine,
        {
          artifact,
          files,
          contextTokens,
          device,
          backend: 'wasm',
          ...(request.continued !== undefined && { threads: request.continued.session.threads }),
        },
        settingsStore,
        emit,
        signal,
      );
      loaded = { key, session: insteadOf.length === 0 ? session : withInsteadOf(session, insteadOf) };
      return loaded.session;
    } catch (error) {
      const fault = toFault(error);
      // What one engine does not handle or cannot hold, another may; the result names both.
      if (fault.kind !== 'unsupported' && fault.kind !== 'out-of-memory') throw error;
      insteadOf.push({ engineId: engine.id, reason: fault.detail });
    }
  }
  const detail = insteadOf.map(({ engineId: id, reason }) => `${id}: ${reason}`).join('; ');
  throw new FaultError({ kind: 'unsupported', detail: detail || `${artifact.id} (${artifact.format})` });
}

function findEngines(artifact: Artifact, device: Device, engineId: string | undefined): readonly Engine[] {
  const wanted = engineRegistry.filter(({ id }) => engineId === undefined || id === engineId);
  return wanted.filter((engine) => engine.supports(artifact, device).ok);
}

function withInsteadOf(session: Session, insteadOf: NonNullable<SessionInfo['insteadOf']>): Session {
  return { ...session, info: { ...session.info, insteadOf } };
}

async function closeLoaded(): Promise<void> {
  const session = loaded?.session;
  loaded = undefined;
  await session?.close();
}

carryFaults();
expose(api);
