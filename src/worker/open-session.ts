import { obtainFile } from '../domain/download';
import type { Backend, Device, Engine, OpenFile, Session } from '../domain/engine';
import { FaultError } from '../domain/fault';
import { sumArtifactBytes, type Artifact } from '../domain/model';
import type { SettingsStore, ShardStore } from '../domain/ports';
import { threadsKey } from './calibration';
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
  const wanted = [
    ...artifact.files.map((file) => ({ file })),
    ...artifact.companions.map(({ kind, file }) => ({ file, role: kind })),
  ];
  for (const { file: description, ...role } of wanted) {
    const { name, bytes, sha256, manifest } = description;
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
    files.push({ name: file.name, blob, ...role });
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
    engine.open(artifact, files, { contextTokens, threads: count, backend }, signal);
  if (threads !== undefined) return open(threads);
  // The CPU only feeds the graphics device.
  if (backend === 'webgpu') return open(device.crossOriginIsolated ? Math.ceil(device.logicalCores / 2) : 1);
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

export function describeDevice(): Device {
  const { deviceMemory } = navigator as { deviceMemory?: unknown };
  return {
    userAgent: navigator.userAgent,
    logicalCores: navigator.hardwareConcurrency || 1,
    crossOriginIsolated: self.crossOriginIsolated,
    ...(typeof deviceMemory === 'number' && { memoryGiB: deviceMemory }),
  };
}
