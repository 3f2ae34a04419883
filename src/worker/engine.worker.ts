import { expose } from 'comlink';
import type { Device, Session, SetAside } from '../domain/engine/engine';
import { FaultError, toFault } from '../domain/fault';
import type { GraderPorts } from '../domain/graders/grader';
import { gradeAnswer, gradeAnswers } from '../domain/graders/registry';
import { sha256Hex } from '../domain/hash';
import { describeAdapters } from '../domain/model/lora-model';
import { hasProjector, type Artifact } from '../domain/model/model';
import { countContextTokens, type EngineSwitch, type Run, type RunEnd } from '../domain/run/run';
import { nameAttempt } from '../domain/run/repeats';
import { runCases } from '../domain/run/runner';
import { hashTestSet } from '../domain/sets/test-set';
import { engineRegistry } from '../engines/registry';
import { openEmbedder } from '../engines/transformers';
import { createRunStore } from '../storage/run-store';
import { createSettingsStore } from '../storage/settings-store';
import { createShardStore } from '../storage/shard-store';
import { answerRequest, findArtifact, type WantedSession } from './requests/answer-request';
import {
  batchEvents,
  FLUSH_MS,
  mergeChatEvents,
  mergeRunEvents,
  mergeSpeedEvents,
  SPARING_FLUSH_MS,
  type EventBatch,
} from './requests/batch-events';
import { forgetCalibration, openCalibration } from './sessions/calibration';
import { chooseKvType } from './sessions/choose-kv-type';
import { createEmbed } from './sessions/embed';
import { findGraphics } from './device/find-graphics';
import { createJudge } from './sessions/judge';
import { loadImage } from './files/load-image';
import { measureRequest } from './requests/measure-request';
import { applyAdapters } from './files/merge-lora';
import { createModelFilesApi } from './files/model-files';
import { importLocalFile, obtainFiles, type EmitOpening } from './files/obtain-files';
import { openBest } from './sessions/open-best';
import { describeDevice, openWithEngine } from './sessions/open-session';
import type { Graphics } from './sessions/plan-backends';
import { createProbePorts, describeWasm, probeDevice } from './device/probe-device';
import {
  carryFaults,
  nameRunLock,
  type EngineWorkerApi,
  type ModelFilesApi,
  type RunRequest,
  type SessionRequest,
  type WorkerEvent,
} from './protocol';
import { createRecovery, findSwitch } from './sessions/recover-session';
import { createSandbox, type Sandbox } from './sandbox/sandbox';
import { devicePorts } from './files/transfer';

const shardStore = createShardStore();
const runStore = createRunStore();
const settingsStore = createSettingsStore();
const stores = { shards: shardStore, settings: settingsStore };

let running: AbortController | undefined;
/** Kept after a run: the next one with the same model starts at once. */
let loaded: { readonly key: string; readonly session: Session; readonly sha256: string } | undefined;

const api: EngineWorkerApi & ModelFilesApi = {
  ...createModelFilesApi(shardStore),
  listEngines: () =>
    engineRegistry.map(({ id, label, formats, backends }) => ({ id, label, formats, backends })),
  run(request, listener) {
    return runAlone(batchEvents(listener, mergeRunEvents, chooseFlushMs), (emit, signal) =>
      navigator.locks.request(nameRunLock(request.runId), () => runRequest(request, emit, signal)),
    );
  },
  chat(request, listener) {
    return runAlone(batchEvents(listener, mergeChatEvents, chooseFlushMs), (emit, signal) =>
      answerRequest(
        request,
        {
          open: (wanted) =>
            openSession(request, findArtifact(request), describeDevice(), wanted, emit, signal),
          close: closeLoaded,
        },
        emit,
        signal,
      ),
    );
  },
  measureSpeed(request, listener) {
    return runAlone(batchEvents(listener, mergeSpeedEvents), async (emit, signal) => {
      // It would take memory, and another engine is about to be measured.
      await closeLoaded();
      return await measureRequest(request, stores, emit, signal);
    });
  },
  async gradeAnswers({ testSet, answers, allowScripts }) {
    const caseOf = new Map(testSet.cases.map((testCase) => [testCase.id, testCase]));
    const known = answers.flatMap(({ caseId, ...answer }) => {
      const testCase = caseOf.get(caseId);
      return testCase === undefined ? [] : [{ ...answer, testCase }];
    });
    return await withSandbox(allowScripts, async (ports) => {
      const grades = await gradeAnswers(known, ports);
      return known.flatMap(({ testCase }, index) => {
        const grade = grades[index];
        return grade === undefined ? [] : [{ caseId: testCase.id, grade }];
      });
    });
  },
  async recalibrate(artifactId) {
    if (running === undefined) await closeLoaded();
    await forgetCalibration(settingsStore, artifactId, engineRegistry, describeDevice());
  },
  probeDevice: () => probeDevice(createProbePorts()),
  importLocal(file, listener) {
    return runAlone(
      batchEvents(listener, (_last, next) => next),
      async (emit, signal) => {
        await importLocalFile(file, shardStore, (progress) => emit({ type: 'transfer', progress }), signal);
        return { kind: 'finished' };
      },
    );
  },
  stop() {
    running?.abort();
  },
};

/** A model on the GPU leaves the cores to the page. */
function chooseFlushMs(): number {
  const info = loaded?.session.info;
  return info?.backend === 'wasm' && info.threads >= navigator.hardwareConcurrency
    ? SPARING_FLUSH_MS
    : FLUSH_MS;
}

/** A sandbox for one run or one grading: what a script of one set leaves behind must not meet the next set. */
async function withSandbox<Result>(
  allowScripts: boolean | undefined,
  work: (ports: GraderPorts) => Promise<Result>,
): Promise<Result> {
  const sandbox = createSandbox();
  try {
    return await work(sandbox === undefined ? {} : choosePorts(sandbox, allowScripts));
  } finally {
    sandbox?.close();
  }
}

function choosePorts({ runRegex, matchSchema, runScript }: Sandbox, allowScripts = false): GraderPorts {
  return { runRegex, matchSchema, ...(allowScripts && { runScript }) };
}

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
  const artifact = findArtifact(request);
  const adapters = describeAdapters(artifact);
  const device = describeDevice();
  const session = await openForRun(request, artifact, device, [], emit, signal);

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
          sha256: loaded?.sha256 ?? '',
          ...(adapters !== undefined && { adapters }),
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

  const { embed, close } = createEmbed(
    {
      // In the middle of a run: the page is not told of it as of a model's download.
      obtain: (sentenceModel, stop) => obtainFiles(sentenceModel, request, stores, () => undefined, stop),
      open: openEmbedder,
    },
    signal,
  );
  const end = await withSandbox(request.allowScripts, (ports) =>
    workThrough(
      request,
      { artifact, device, session },
      { ...ports, embed, judge: createJudge(() => loaded?.session ?? session, model.template, signal) },
      emit,
      signal,
    ),
  ).finally(close);
  await runStore.endRun(runId, end);
  // An engine that fails case after case is not trusted with another run.
  if (end.kind === 'failed') await closeLoaded();
  return end;
}

async function workThrough(
  request: RunRequest,
  { artifact, device, session }: { artifact: Artifact; device: Device; session: Session },
  ports: GraderPorts,
  emit: (event: WorkerEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { runId, model, testSet, sampling, repeats, continued } = request;
  const done = new Set(continued?.doneAttempts);
  const next = testSet.cases.find(({ id }) => !done.has(nameAttempt({ caseId: id })));
  const recordSwitch = async (change: EngineSwitch) => {
    await runStore.appendSwitch(runId, change);
    emit({ type: 'engine-switched', change });
  };
  const atStart = findSwitch(continued?.session, session.info, next?.id);
  if (atStart !== undefined) await recordSwitch(atStart);

  emit({ type: 'phase', phase: 'running' });
  const cases = runCases(
    {
      system: testSet.system,
      cases: testSet.cases,
      template: model.template,
      sampling,
      ...(repeats !== undefined && { repeats }),
      done,
    },
    {
      session,
      grade: (answer, testCase, facts) => gradeAnswer(answer, testCase, { ...facts, ...ports }),
      now: () => performance.now(),
      record: (result) => runStore.appendResult(runId, result),
      loadImage: (image, stopSignal) => loadImage(image, new URL('..', request.modelsUrl), stopSignal),
      recover: createRecovery(session, {
        reopen: (setAside) => openForRun(request, artifact, device, setAside, emit, signal),
        record: async (change) => {
          await recordSwitch(change);
          emit({ type: 'phase', phase: 'running' });
        },
      }),
    },
    signal,
  );
  for (;;) {
    const next = await cases.next();
    if (next.done === true) return next.value;
    emit(next.value);
  }
}

function openForRun(
  request: RunRequest,
  artifact: Artifact,
  device: Device,
  setAside: readonly SetAside[],
  emit: (event: WorkerEvent) => void,
  signal: AbortSignal,
): Promise<Session> {
  const wanted: WantedSession = {
    contextTokens: countContextTokens(artifact, request.sampling),
    needsImages: request.testSet.cases.some(({ images }) => images !== undefined),
    before: request.continued?.session,
    setAside,
  };
  return openSession(request, artifact, device, wanted, emit, signal);
}

/** The loaded session if it is the one wanted, else a new one: files, then the best way to run them on this device. */
async function openSession(
  request: SessionRequest,
  artifact: Artifact,
  device: Device,
  { contextTokens, needsImages, before, setAside }: WantedSession,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<Session> {
  const { threads } = request;
  const engineId = before?.engineId ?? request.engineId;
  const backend = before?.backend ?? request.backend ?? 'auto';
  const key = [artifact.id, contextTokens, engineId, backend, before?.threads, threads, needsImages].join(
    ' ',
  );
  if (setAside.length === 0 && loaded?.key === key) return loaded.session;
  await closeLoaded();
  const obtained = await obtainFiles(artifact, request, stores, emit, signal);
  const files = await applyAdapters(artifact, obtained, { store: shardStore, ...devicePorts }, emit, signal);

  // Where there are images and a projector, an engine that shows them; without a projector every engine is as blind.
  const needsEyes = needsImages && hasProjector(artifact);
  const engines = engineRegistry.filter(
    (engine) => engine.supports(artifact, device).ok && (!needsEyes || engine.acceptsImages === true),
  );
  const mayUseGpu = backend !== 'wasm' && engines.some(({ backends }) => backends.includes('webgpu'));
  // Whoever asks for the CPU has the GPU left alone.
  const graphics: Graphics = mayUseGpu ? await findGraphics() : { kind: 'no-webgpu' };
  const memory = { ...device, wasm: describeWasm() };
  const session = await openBest(
    { ...(engineId !== undefined && { engineId }), backend, setAside },
    {
      engines,
      graphics,
      calibration: await openCalibration(settingsStore, artifact.id, engines, device, graphics),
      settings: settingsStore,
      fileHash: files.map(({ name, sha256 }) => sha256 ?? name).join(' '),
      open: (engine, on, stopSignal) =>
        openWithEngine(
          engine,
          {
            artifact,
            files,
            contextTokens,
            device,
            backend: on,
            ...(threads !== undefined && { threads }),
            kvType: chooseKvType(engine, on, artifact, request.model, memory, contextTokens),
            before: before?.backend === on && before.engineId === engine.id ? before : undefined,
          },
          settingsStore,
          emit,
          stopSignal,
        ),
      onPhase: (phase) => emit({ type: 'phase', phase }),
      now: () => performance.now(),
    },
    signal,
  );
  loaded = { key, session, sha256: files[0]?.sha256 ?? '' };
  return session;
}

async function closeLoaded(): Promise<void> {
  const session = loaded?.session;
  loaded = undefined;
  // One that broke may break again in closing; nothing is left to do about it.
  await session?.close().catch(() => undefined);
}

carryFaults();
expose(api);
