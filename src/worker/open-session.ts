import type { Backend, Device, Engine, OpenFile, OpenProgress, Session } from '../domain/engine';
import type { Artifact } from '../domain/model';
import type { SettingsStore } from '../domain/ports';
import { threadsKey } from './calibration';
import { listThreadCandidates, openWithBestThreads } from './choose-threads';
import type { EmitOpening } from './obtain-files';
import type { OpeningPhase } from './protocol';
import { watchSession } from './watch-session';

export interface OpenWith {
  readonly artifact: Artifact;
  readonly files: readonly OpenFile[];
  readonly contextTokens: number;
  readonly device: Device;
  readonly backend: Backend;
  /** Where the count is given; otherwise the fastest here is found. */
  readonly threads?: number;
  /** What was found fastest when this run began. */
  readonly measuredThreads?: number;
}

/** Opens a session with as many threads as are fastest on this device. @throws FaultError */
export async function openWithEngine(
  engine: Engine,
  { artifact, files, contextTokens, device, backend, threads, measuredThreads }: OpenWith,
  settingsStore: SettingsStore,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<Session> {
  const open = (count: number | 'measure') =>
    engine.open(
      artifact,
      files,
      { contextTokens, threads: count, backend, onProgress: createProgressListener(emit) },
      signal,
    );
  if (backend === 'webgpu') {
    // The CPU only feeds the graphics device.
    const feeding = device.crossOriginIsolated ? Math.ceil(device.logicalCores / 2) : 1;
    return watchSession(await open(threads ?? feeding));
  }
  if (threads !== undefined) return open(threads);
  if (engine.choosesThreads) return open('measure');
  if (measuredThreads !== undefined) return open(measuredThreads);
  return openWithBestThreads(
    threadsKey(engine, artifact.id, device),
    listThreadCandidates(device.logicalCores, device.crossOriginIsolated),
    settingsStore,
    open,
    () => emit({ type: 'phase', phase: 'measuring' }),
    signal,
  );
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
