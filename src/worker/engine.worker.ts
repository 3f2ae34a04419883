import { expose } from 'comlink';
import { FaultError, toFault } from '../domain/fault';
import type { RunEnd } from '../domain/run/run';
import { engineRegistry } from '../engines/registry';
import { openEmbedder } from '../engines/transformers';
import { createRunStore } from '../storage/run-store';
import { createSettingsStore } from '../storage/settings-store';
import { BACKEND_FACTS } from '../domain/engine/backends';
import { createShardStore } from '../storage/shard-store';
import { findGraphics } from './device/find-graphics';
import { createProbePorts, describeWasm, probeDevice } from './device/probe-device';
import { applyAdapters } from './files/merge-lora';
import { createModelFilesApi } from './files/model-files';
import { importLocalFile, obtainFiles } from './files/obtain-files';
import { devicePorts } from './files/device-ports';
import { carryFaults, nameRunLock, type EngineWorkerApi, type ModelFilesApi } from './protocol';
import { answerRequest } from './requests/answer-request';
import {
  batchEvents,
  FLUSH_MS,
  mergeChatEvents,
  mergeRunEvents,
  mergeSpeedEvents,
  SPARING_FLUSH_MS,
  type EventBatch,
} from './requests/batch-events';
import { gradeRequest } from './requests/grade-request';
import { measureRequest } from './requests/measure-request';
import { runRequest } from './requests/run-request';
import { withSandbox } from './sandbox/with-sandbox';
import { forgetCalibration } from './sessions/calibration';
import { describeDevice } from './sessions/open-session';
import { createSessionKeeper } from './sessions/session-keeper';

const shardStore = createShardStore();
const runStore = createRunStore();
const settingsStore = createSettingsStore();
const stores = { shards: shardStore, settings: settingsStore };
const device = describeDevice();
const keeper = createSessionKeeper({
  engines: engineRegistry,
  settings: settingsStore,
  device,
  findGraphics: () => findGraphics(),
  wasm: describeWasm(),
  async obtain(artifact, request, emit, signal) {
    const files = await obtainFiles(artifact, request, stores, emit, signal);
    return await applyAdapters(artifact, files, { store: shardStore, ...devicePorts }, emit, signal);
  },
  now: () => performance.now(),
});

let running: AbortController | undefined;

const api: EngineWorkerApi & ModelFilesApi = {
  ...createModelFilesApi(shardStore),
  listEngines: () =>
    engineRegistry.map(({ id, label, formats, backends }) => ({ id, label, formats, backends })),
  run(request, listener) {
    return runAlone(batchEvents(listener, mergeRunEvents, chooseFlushMs), (emit, signal) =>
      navigator.locks.request(nameRunLock(request.runId), () =>
        runRequest(
          request,
          {
            runStore,
            device,
            open: (wanted) => keeper.open(request, wanted, emit, signal),
            close: () => keeper.close(),
            withGraderPorts: withSandbox,
            embedding: {
              // In the middle of a run: the page is not told of it as of a model's download.
              obtain: (sentenceModel, stop) =>
                obtainFiles(sentenceModel, request, stores, () => undefined, stop),
              open: openEmbedder,
            },
          },
          emit,
          signal,
        ),
      ),
    );
  },
  chat(request, listener) {
    return runAlone(batchEvents(listener, mergeChatEvents, chooseFlushMs), (emit, signal) =>
      answerRequest(
        request,
        {
          open: async (wanted) => (await keeper.open(request, wanted, emit, signal)).session,
          close: () => keeper.close(),
        },
        emit,
        signal,
      ),
    );
  },
  measureSpeed(request, listener) {
    return runAlone(batchEvents(listener, mergeSpeedEvents), async (emit, signal) => {
      // It would take memory, and another engine is about to be measured.
      await keeper.close();
      return await measureRequest(request, stores, emit, signal);
    });
  },
  gradeAnswers: (request) => withSandbox(request.allowScripts, (ports) => gradeRequest(request, ports)),
  async recalibrate(artifactId) {
    if (running === undefined) await keeper.close();
    await forgetCalibration(settingsStore, artifactId, engineRegistry, device);
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
  const info = keeper.opened?.session.info;
  return info !== undefined &&
    BACKEND_FACTS[info.backend].computesOn === 'processor' &&
    info.threads >= navigator.hardwareConcurrency
    ? SPARING_FLUSH_MS
    : FLUSH_MS;
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

carryFaults();
expose(api);
