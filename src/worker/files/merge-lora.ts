import { createSHA256 } from 'hash-wasm';
import type { DownloadPorts } from '../../domain/download/download';
import type { OpenFile } from '../../domain/engine/engine';
import { FaultError, throwIfStopped, toFault } from '../../domain/fault';
import { canonicalJson, sha256Hex } from '../../domain/hash';
import type { Artifact, ModelFile } from '../../domain/model/model';
import type { ShardStore, StoredFile } from '../../domain/run/ports';
import { prepareLoraMerge, type LoraMerge } from '../../engines/merge-lora';
import type { EmitOpening } from './obtain-files';

const SHARD_BYTES = 16 * 1024 * 1024;
/** Part of the id: a change of what a merge writes makes earlier ones a miss. */
const MERGE_VERSION = 1;

export interface MergeRequest {
  /** The model's file, or all parts of a split one. */
  readonly base: readonly OpenFile[];
  readonly adapter: OpenFile;
  /** 1 is what the adapter was trained for. */
  readonly scale: number;
}

interface MergePorts extends Pick<DownloadPorts, 'reserve' | 'now'> {
  readonly store: ShardStore;
}

export interface MergeProgress {
  /** Hashing what is merged, checking a stored result, writing a new one. */
  readonly phase: 'hashing' | 'checking' | 'merging';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

interface MergedModel {
  /** For the artifact's `files`: `local` is its key in the store. */
  readonly file: ModelFile & { readonly sha256: string; readonly local: string };
  /** Over the stored shards; nothing is read until the engine does. */
  readonly blob: Blob;
  /** Whether it was stored already. */
  readonly cached: boolean;
  readonly report: Pick<LoraMerge, 'mergedTensors' | 'keptTensors' | 'requantised' | 'ignored'>;
}

/**
 * Merges a LoRA adapter into a model and stores the result as a file of its own, found again by the hashes of both and
 * the scale. Memory: one shard and what the merge holds.
 * @throws FaultError `bad-input` (`what` is 'LoRA merge') when the adapter does not fit, `unsupported`, `quota`,
 * `engine` or `stopped`
 */
export async function mergeLoraArtifact(
  { base, adapter, scale }: MergeRequest,
  { store, reserve, now }: MergePorts,
  onProgress: (progress: MergeProgress) => void,
  signal: AbortSignal,
): Promise<MergedModel> {
  // First, for it reads little and tells what is wrong before gigabytes are hashed.
  const merge = await prepareLoraMerge(
    base.map(({ blob }) => blob),
    adapter.blob,
    scale,
    signal,
  );
  const { mergedTensors, keptTensors, requantised, ignored } = merge;
  const report = { mergedTensors, keptTensors, requantised, ignored };
  const fileId = await identifyMerge({ base, adapter, scale }, onProgress, signal);
  // Two tabs that merge the same: the second waits and finds it stored.
  return await navigator.locks.request(`wizardbench-file-${fileId}`, { signal }, async () => {
    const stored = await store.findFile(fileId);
    if (stored?.sha256 !== undefined && (await isIntact(stored, store, onProgress, signal))) {
      return describe(stored, stored.sha256, await readShards(stored, store), true, report);
    }
    await reserve(merge.bytes);
    const shards = createShardSink(fileId, store, signal);
    try {
      await merge.write(shards.write, signal, (doneBytes, totalBytes) =>
        onProgress({ phase: 'merging', doneBytes, totalBytes }),
      );
      await shards.close();
    } catch (error) {
      throw new FaultError(toFault(error), { cause: error });
    }
    const sha256 = await shards.hash();
    const file: StoredFile = {
      fileId,
      sha256,
      name: nameMerge(base[0]?.name ?? '', adapter.name, scale),
      bytes: merge.bytes,
      shards: shards.written,
      storedAt: now(),
    };
    await store.commitFile(file);
    return describe(file, sha256, await readShards(file, store), false, report);
  });
}

function describe(
  { fileId, name, bytes }: StoredFile,
  sha256: string,
  blob: Blob,
  cached: boolean,
  report: MergedModel['report'],
): MergedModel {
  return { file: { name, bytes, sha256, local: fileId }, blob, cached, report };
}

function nameMerge(base: string, adapter: string, scale: number): string {
  const stem = (name: string) => name.replace(/\.gguf$/i, '').slice(0, 150);
  return `${stem(base)}+${stem(adapter)}${scale === 1 ? '' : `*${scale}`}.gguf`;
}

/** The same model, adapter and scale give the same id, and the same bytes. */
async function identifyMerge(
  { base, adapter, scale }: MergeRequest,
  onProgress: (progress: MergeProgress) => void,
  signal: AbortSignal,
): Promise<string> {
  const unknown = [...base, adapter].filter(({ sha256 }) => sha256 === undefined);
  const totalBytes = unknown.reduce((sum, { blob }) => sum + blob.size, 0);
  let doneBytes = 0;
  const hashOf = async ({ blob, sha256 }: OpenFile): Promise<string> => {
    if (sha256 !== undefined) return sha256;
    const hasher = await createSHA256();
    for (let at = 0; at < blob.size; at += SHARD_BYTES) {
      throwIfStopped(signal);
      const piece = new Uint8Array(await blob.slice(at, at + SHARD_BYTES).arrayBuffer());
      hasher.update(piece);
      doneBytes += piece.length;
      onProgress({ phase: 'hashing', doneBytes, totalBytes });
    }
    return hasher.digest();
  };
  const baseHashes: string[] = [];
  for (const source of base) baseHashes.push(await hashOf(source));
  const key = {
    merge: 'lora',
    version: MERGE_VERSION,
    base: baseHashes,
    adapter: await hashOf(adapter),
    scale,
  };
  return sha256Hex(new TextEncoder().encode(canonicalJson(key)));
}

async function isIntact(
  { fileId, bytes, shards }: StoredFile,
  store: ShardStore,
  onProgress: (progress: MergeProgress) => void,
  signal: AbortSignal,
): Promise<boolean> {
  let doneBytes = 0;
  for (const [index, expected] of shards.entries()) {
    throwIfStopped(signal);
    const shard = await store.readShard(fileId, index);
    if (shard?.size !== expected.bytes) return false;
    if ((await sha256Hex(await shard.arrayBuffer())) !== expected.sha256) return false;
    doneBytes += shard.size;
    onProgress({ phase: 'checking', doneBytes, totalBytes: bytes });
  }
  return doneBytes === bytes;
}

async function readShards({ fileId, name, shards }: StoredFile, store: ShardStore): Promise<Blob> {
  const blobs: Blob[] = [];
  for (const index of shards.keys()) {
    const shard = await store.readShard(fileId, index);
    if (shard === undefined) {
      throw new FaultError({ kind: 'integrity', file: name, shard: index, detail: 'the shard is gone' });
    }
    blobs.push(shard);
  }
  return new Blob(blobs);
}

/** Cuts what is written into shards of one size and stores each with its hash. */
function createShardSink(fileId: string, store: ShardStore, signal: AbortSignal) {
  const written: { readonly bytes: number; readonly sha256: string }[] = [];
  const whole = createSHA256();
  const shard = new Uint8Array(SHARD_BYTES);
  let filled = 0;
  const flush = async () => {
    throwIfStopped(signal);
    const bytes = shard.slice(0, filled);
    filled = 0;
    (await whole).update(bytes);
    const sha256 = await sha256Hex(bytes);
    await store.writeShard(fileId, written.length, new Blob([bytes]));
    written.push({ bytes: bytes.length, sha256 });
  };
  return {
    written,
    write: async (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length;) {
        const count = Math.min(bytes.length - at, SHARD_BYTES - filled);
        shard.set(bytes.subarray(at, at + count), filled);
        filled += count;
        at += count;
        if (filled === SHARD_BYTES) await flush();
      }
    },
    async close() {
      if (filled > 0) await flush();
    },
    hash: async () => (await whole).digest(),
  };
}

/**
 * What an engine is to open: the files as they are or, where the artifact has LoRA adapters, the merged model in place
 * of the weights and the adapters.
 * @throws FaultError as `mergeLoraArtifact`
 */
export async function applyAdapters(
  artifact: Artifact,
  files: readonly OpenFile[],
  ports: MergePorts,
  emit: EmitOpening,
  signal: AbortSignal,
): Promise<readonly OpenFile[]> {
  const adapters = files.filter(({ role }) => role === 'lora');
  if (adapters.length === 0) return files;
  const scales = artifact.companions.filter(({ kind }) => kind === 'lora').map(({ scale }) => scale ?? 1);
  let base = files.filter(({ role }) => role === undefined);
  let told: MergeProgress['phase'] | undefined;
  const tell = ({ phase, doneBytes, totalBytes }: MergeProgress) => {
    if (phase !== told) emit({ type: 'phase', phase: phase === 'merging' ? 'merging' : 'checking' });
    told = phase;
    emit({ type: 'transfer', progress: { doneBytes, totalBytes, receivedBytes: 0 } });
  };
  for (const [index, adapter] of adapters.entries()) {
    const scale = scales[index] ?? 1;
    // W + 0 * B * A is W.
    if (scale === 0) continue;
    const { file, blob } = await mergeLoraArtifact({ base, adapter, scale }, ports, tell, signal);
    base = [{ name: file.name, blob, sha256: file.sha256 }];
  }
  return [...base, ...files.filter(({ role }) => role === 'mmproj')];
}
