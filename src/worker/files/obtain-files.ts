import { obtainFile, type DownloadPorts } from '../../domain/download/download';
import type { OpenFile } from '../../domain/engine/engine';
import { badInput, FaultError } from '../../domain/fault';
import { hashBlob, type LocalFile } from '../../domain/download/local-file';
import { sumArtifactBytes, type Artifact, type ModelFile } from '../../domain/model/model';
import { selectOnnxFiles } from '../../domain/model/onnx-files';
import type { FileStore, SettingsStore, StoredFile } from '../../domain/run/ports';
import { readStoredFile, type ObtainedFile, type TransferProgress } from '../../domain/download/stored-file';
import { listRepoFiles } from './hub';
import type { OpeningPhase, TransferEvent } from '../protocol';
import { createHostedPorts } from './hosted-ports';
import { createBlobPorts, createUrlPorts } from './url-ports';

/** What happens on the way to a session. */
export type OpeningEvent = { readonly type: 'phase'; readonly phase: OpeningPhase } | TransferEvent;

export type EmitOpening = (event: OpeningEvent) => void;

export interface FilePlaces {
  /** Absolute URL of the folder that holds the models' files, with a slash at its end. */
  readonly modelsUrl: string;
  /** The picked files that the artifact names. */
  readonly localFiles?: readonly LocalFile[] | undefined;
}

export interface FileStores {
  readonly shards: FileStore;
  readonly settings: SettingsStore;
}

/**
 * The artifact's files, weights first and then companions: from the store, downloaded into it, or as they were picked.
 * @throws FaultError
 */
export async function obtainFiles(
  artifact: Artifact,
  places: FilePlaces,
  stores: FileStores,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<readonly OpenFile[]> {
  emit({ type: 'phase', phase: 'checking' });
  const weights = artifact.files.length > 0 ? artifact.files : await listOnnxFiles(artifact, signal);
  const wanted = [
    ...weights.map((file) => ({ file, role: undefined })),
    ...artifact.companions.map(({ kind, file }) => ({ file, role: kind })),
  ];
  const plannedBytes = sumArtifactBytes(artifact);
  const files: OpenFile[] = [];
  let earlierBytes = 0;
  let earlierReceived = 0;
  for (const { file, role } of wanted) {
    let last: TransferProgress = { doneBytes: 0, totalBytes: 0, receivedBytes: 0 };
    const onProgress = (progress: TransferProgress) => {
      last = progress;
      emit({
        type: 'transfer',
        progress: {
          doneBytes: earlierBytes + progress.doneBytes,
          // A row's sizes may be guesses; what the host says counts.
          totalBytes: Math.max(plannedBytes, earlierBytes + progress.totalBytes),
          receivedBytes: earlierReceived + progress.receivedBytes,
        },
      });
    };
    const { blob, sha256 } = await obtain(file, places, stores, emit, onProgress, signal);
    files.push({ name: file.name, blob, sha256, ...(role !== undefined && { role }) });
    earlierBytes += blob.size;
    earlierReceived += last.receivedBytes;
  }
  return files;
}

/** What a row that names only a repo of ONNX weights stands for. @throws FaultError `download`, `unsupported` */
async function listOnnxFiles({ onnx }: Artifact, signal: AbortSignal): Promise<readonly ModelFile[]> {
  if (onnx === undefined) return [];
  const { files } = await listRepoFiles(onnx.repo, signal);
  const wanted = selectOnnxFiles(
    files.map(({ path }) => path),
    onnx.dtype,
  );
  if (wanted.length === 0) {
    throw new FaultError({
      kind: 'unsupported',
      detail: `${onnx.repo} has no ONNX weights of type ${onnx.dtype}`,
    });
  }
  // The engine finds them by their paths.
  return files
    .filter(({ path }) => wanted.includes(path))
    .map(({ path, bytes, sha256, url }) => ({
      name: path,
      bytes,
      url,
      ...(sha256 !== undefined && { sha256 }),
    }));
}

async function obtain(
  file: ModelFile,
  { modelsUrl, localFiles = [] }: FilePlaces,
  stores: FileStores,
  emit: EmitOpening,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile> {
  const { name, bytes, sha256, manifest, url, local } = file;
  const fetchFrom = (source: string, ports: DownloadPorts) => {
    const describe: DownloadPorts['describe'] = (each) => {
      emit({ type: 'phase', phase: 'downloading' });
      return ports.describe(each);
    };
    return obtainFile({ name, source, sha256 }, { ...ports, describe }, onProgress, signal);
  };
  if (manifest !== undefined) {
    if (sha256 === undefined || bytes === undefined) {
      throw new FaultError({ kind: 'unsupported', detail: `${name} is not hosted with the page` });
    }
    const ports = createHostedPorts({ name, bytes, sha256, manifest }, modelsUrl, stores.shards);
    return fetchFrom(ports.source, ports);
  }
  if (url !== undefined) return fetchFrom(url, createUrlPorts(url, stores.shards));
  const picked = localFiles.find(({ key }) => key === local);
  return obtainLocal(name, local ?? '', picked, stores, onProgress, signal);
}

/** A whole copy of a file in the store, not checked. */
export async function findStoredCopy(
  { sha256, url, local }: ModelFile,
  store: FileStore,
): Promise<StoredFile | undefined> {
  const source = local === undefined ? url : nameLocalSource(local);
  return (await store.listFiles()).find(
    (stored) =>
      (sha256 !== undefined && (stored.sha256 ?? stored.fileId) === sha256) ||
      (source !== undefined && stored.source === source),
  );
}

/** A picked file as it is, or its copy in the store where there is one. */
async function obtainLocal(
  name: string,
  key: string,
  picked: LocalFile | undefined,
  { shards, settings }: FileStores,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile> {
  const copy = (await shards.listFiles()).find(({ source }) => source === nameLocalSource(key));
  const stored = copy && (await readStoredFile(copy, shards, onProgress, signal));
  if (stored !== undefined) return stored;
  if (picked === undefined) throw badInput('local file', `${name} has to be picked again`);
  const { file } = picked;
  // Once for each file: the key is another when the file changes.
  const memory = `sha256 of ${key}`;
  const remembered = await settings.get(memory);
  if (typeof remembered === 'string') return { blob: file, sha256: remembered };
  const tell = (doneBytes: number) => onProgress({ doneBytes, totalBytes: file.size, receivedBytes: 0 });
  const sha256 = await hashBlob(file, tell, signal);
  await settings.set(memory, sha256);
  return { blob: file, sha256 };
}

/** Copies a picked file into the store, so that it is there without being picked again. @throws FaultError */
export async function importLocalFile(
  { key, file }: LocalFile,
  store: FileStore,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile> {
  return obtainFile(
    { name: file.name, source: nameLocalSource(key) },
    createBlobPorts(file, key, store),
    onProgress,
    signal,
  );
}

function nameLocalSource(key: string): string {
  return `local:${key}`;
}
