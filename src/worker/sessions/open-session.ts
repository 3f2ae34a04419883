import { BACKEND_FACTS, type Backend } from '../../domain/engine/backends';
import type {
  Device,
  Engine,
  KvType,
  OpenFile,
  OpenProgress,
  Session,
  SessionInfo,
} from '../../domain/engine/engine';
import type { Artifact } from '../../domain/model/model';
import type { SettingsStore } from '../../domain/run/ports';
import { batchKey, threadsKey } from './calibration';
import { listThreadCandidates, openWithBestThreads } from './choose-threads';
import type { EmitOpening } from '../files/obtain-files';
import type { OpeningPhase } from '../protocol';
import { watchSession } from './watch-session';

export interface OpenWith {
  readonly artifact: Artifact;
  readonly files: readonly OpenFile[];
  readonly contextTokens: number;
  readonly device: Device;
  readonly backend: Backend;
  /** Where the count is given; otherwise the fastest here is found. */
  readonly threads?: number;
  /** As `chooseKvType` finds it; otherwise the engine's own. */
  readonly kvType?: KvType | undefined;
  /** What this run began with, on the same engine: it goes on with it. */
  readonly before?: Pick<SessionInfo, 'threads' | 'kvType' | 'batchTokens'> | undefined;
}

/** Opens a session with as many threads as are fastest on this device. @throws FaultError */
export async function openWithEngine(
  engine: Engine,
  { artifact, files, contextTokens, device, backend, threads, kvType, before }: OpenWith,
  settingsStore: SettingsStore,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<Session> {
  const kept = before?.kvType ?? kvType;
  const openWithBatch = (count: number | 'measure', batchTokens?: number | 'measure') =>
    engine.open(
      artifact,
      files,
      {
        contextTokens,
        threads: count,
        backend,
        ...(kept !== undefined && { kvType: kept }),
        ...(batchTokens !== undefined && { batchTokens }),
        onProgress: createProgressListener(emit),
      },
      signal,
    );
  const open = (count: number | 'measure') =>
    engine.choosesBatch === true
      ? openWithBestBatch(
          batchKey(engine, artifact.id, device),
          before?.batchTokens,
          settingsStore,
          (batchTokens) => openWithBatch(count, batchTokens),
        )
      : openWithBatch(count, before?.batchTokens);
  if (!BACKEND_FACTS[backend].hasThreads) {
    // The CPU only feeds what computes.
    const feeding = device.crossOriginIsolated ? Math.ceil(device.logicalCores / 2) : 1;
    return watchSession(await open(threads ?? feeding));
  }
  if (threads !== undefined) return open(threads);
  if (engine.choosesThreads) return open('measure');
  if (before !== undefined) return open(before.threads);
  return openWithBestThreads(
    threadsKey(engine, artifact.id, device),
    listThreadCandidates(device.logicalCores, device.crossOriginIsolated),
    settingsStore,
    open,
    () => emit({ type: 'phase', phase: 'measuring' }),
    signal,
  );
}

/** Opens with the batch that the engine found fastest on this device, or has it find out; that is remembered. */
async function openWithBestBatch(
  key: string,
  given: number | undefined,
  settings: SettingsStore,
  open: (batchTokens: number | 'measure') => Promise<Session>,
): Promise<Session> {
  // A store that fails only costs the measurement.
  const remembered = given ?? (await settings.get(key).catch(() => undefined));
  if (Number.isSafeInteger(remembered) && Number(remembered) > 0) return open(Number(remembered));
  const session = await open('measure');
  await settings.set(key, session.info.batchTokens).catch(() => undefined);
  return session;
}

/** What an engine tells while it opens, as the page is told of a download of ours. */
function createProgressListener(emit: EmitOpening): (progress: OpenProgress) => void {
  let current: OpeningPhase | undefined;
  return ({ doneBytes, fraction }) => {
    const phase = doneBytes === undefined ? 'loading' : 'downloading';
    if (phase !== current) emit({ type: 'phase', phase });
    current = phase;
    if (doneBytes === undefined) return;
    // An engine knows the whole by the part.
    const totalBytes = fraction > 0 ? Math.round(doneBytes / fraction) : doneBytes;
    emit({ type: 'transfer', progress: { doneBytes, totalBytes, receivedBytes: doneBytes } });
  };
}

export function describeDevice(): Device {
  const { deviceMemory } = navigator as { deviceMemory?: unknown };
  return {
    userAgent: navigator.userAgent,
    logicalCores: navigator.hardwareConcurrency || 1,
    crossOriginIsolated: self.crossOriginIsolated,
    ...(typeof deviceMemory === 'number' && { memoryGiB: deviceMemory }),
  };
}
