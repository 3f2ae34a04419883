import { obtainFile } from '../domain/download';
import type { Backend, Device, Engine, OpenFile, OpenProgress, Session } from '../domain/engine';
import { FaultError } from '../domain/fault';
import { sumArtifactBytes, type Artifact } from '../domain/model';
import type { SettingsStore, ShardStore } from '../domain/ports';
import { listThreadCandidates, openWithBestThreads } from './choose-threads';
import type { OpeningPhase, TransferEvent } from './protocol';
import { createTransferPorts } from './transfer';

/** What happens on the way to a session. */
export type OpeningEvent = { readonly type: 'phase'; readonly phase: OpeningPhase } | TransferEvent;

export type EmitOpening = (event: OpeningEvent) => void;

/** The artifact's files, from the store or downloaded into it. @throws FaultError */
export async function obtainFiles(
  artifact: Artifact,
  modelsUrl: string,
  shardStore: ShardStore,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<readonly OpenFile[]> {
  emit({ type: 'phase', phase: 'checking' });
  const totalBytes = sumArtifactBytes(artifact);
  const files: OpenFile[] = [];
  let earlierBytes = 0;
  let earlierReceived = 0;
  for (const { name, bytes, sha256, manifest } of artifact.files) {
    if (manifest === undefined || sha256 === undefined || bytes === undefined) {
      throw new FaultError({ kind: 'unsupported', detail: `${name} is not hosted with the page` });
    }
    const file = { name, bytes, sha256, manifest };
    let receivedBytes = 0;
    const ports = createTransferPorts(file, modelsUrl, shardStore);
    // Two tabs that want one file: the second waits and finds it stored.
    const blob = await navigator.locks.request(`wizardbench-file-${file.sha256}`, { signal }, () =>
      obtainFile(
        file,
        {
          ...ports,
          loadManifest: (fetchSignal) => {
            emit({ type: 'phase', phase: 'downloading' });
            return ports.loadManifest(fetchSignal);
          },
        },
        (progress) => {
          ({ receivedBytes } = progress);
          emit({
            type: 'transfer',
            progress: {
              doneBytes: earlierBytes + progress.doneBytes,
              totalBytes,
              receivedBytes: earlierReceived + receivedBytes,
            },
          });
        },
        signal,
      ),
    );
    files.push({ name: file.name, blob });
    earlierBytes += file.bytes;
    earlierReceived += receivedBytes;
  }
  return files;
}

export interface OpenWith {
  readonly artifact: Artifact;
  readonly files: readonly OpenFile[];
  readonly contextTokens: number;
  readonly device: Device;
  readonly backend: Backend;
  /** Where the count is given; otherwise the fastest here is found. */
  readonly threads?: number;
}

/** Opens a session with as many threads as are fastest on this device. @throws FaultError */
export async function openWithEngine(
  engine: Engine,
  { artifact, files, contextTokens, device, backend, threads }: OpenWith,
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
  if (engine.choosesThreads) return open('measure');
  if (threads !== undefined) return open(threads);
  return openWithBestThreads(
    `threads ${engine.id} ${artifact.id} ${device.logicalCores}`,
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
