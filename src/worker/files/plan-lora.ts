import { badInput, FaultError } from '../../domain/fault';
import type { LoraPlan } from '../../domain/model/lora-model';
import type { ModelFile } from '../../domain/model/model';
import type { FileStore } from '../../domain/run/ports';
import { joinShards } from '../../domain/download/stored-file';
import { prepareLoraMerge, type ByteSource } from '../../engines/merge-lora';
import { findStoredCopy, type FilePlaces } from './obtain-files';
import type { LoraRequest } from '../protocol';
import { blobSource, openUrlSource, readGgufHeader, type GgufSource } from './read-gguf';
import { loadManifest } from './hosted-ports';
import { readUrlRange } from './url-ports';

/**
 * Whether an adapter goes with a model and what a merge would make of both; reads headers, from wherever the files are.
 * @throws FaultError `bad-input` (`what` is 'LoRA adapter' for a file that is none, 'LoRA merge' where it does not fit);
 * `download`
 */
export async function planLora(
  { artifact, adapter, ...places }: LoraRequest,
  store: FileStore,
  signal: AbortSignal,
): Promise<LoraPlan> {
  const added = await openSource(adapter.file, places, store, signal);
  const { kind } = await readGgufHeader(added, signal);
  if (kind !== 'lora') throw badInput('LoRA adapter', KINDS[kind]);
  const base: GgufSource[] = [];
  for (const file of artifact.files) base.push(await openSource(file, places, store, signal));
  // The plan is the same at every scale but 0, where nothing is merged.
  const merge = await prepareLoraMerge(base.map(toByteSource), toByteSource(added), 1, signal).catch(
    (error: unknown) => {
      if (!(error instanceof FaultError) || error.fault.kind !== 'unsupported') throw error;
      // Not the model: the two of them cannot be merged.
      throw badInput('LoRA merge', error.fault.detail);
    },
  );
  const { bytes, ranks, alpha, targets, mergedTensors, keptTensors, requantised, ignored } = merge;
  const counts = new Map<string, LoraPlan['requantised'][number]>();
  for (const { from, to } of requantised) {
    counts.set(from, { from, to, count: (counts.get(from)?.count ?? 0) + 1 });
  }
  return {
    bytes,
    ranks,
    alpha,
    targets: [...new Set(targets.map(nameKind))].sort(),
    mergedTensors,
    keptTensors,
    requantised: [...counts.values()],
    ignored: ignored.length,
  };
}

const KINDS = {
  model: 'it is a model',
  mmproj: 'it is the projector of a vision model',
  'control-vector': 'it is a control vector',
} as const;

/** `blk.12.attn_q.weight` is an `attn_q`. */
function nameKind(tensor: string): string {
  return tensor.replace(/^blk\.\d+\./, '').replace(/\.weight$/, '');
}

function toByteSource({ bytes, read }: GgufSource): ByteSource {
  return { size: bytes, read: (offset, length) => read(offset, Math.min(bytes, offset + length)) };
}

async function openSource(
  file: ModelFile,
  { modelsUrl, localFiles = [] }: FilePlaces,
  store: FileStore,
  signal: AbortSignal,
): Promise<GgufSource> {
  const { name, local, url, manifest } = file;
  const copy = await findStoredCopy(file, store);
  if (copy !== undefined) {
    return blobSource(name, await joinShards(copy.fileId, copy.shards.length, store));
  }
  if (url !== undefined) return (await openUrlSource(name, url, signal)).source;
  if (manifest !== undefined) return await openHostedSource(name, manifest, modelsUrl, signal);
  const picked = localFiles.find(({ key }) => key === local);
  if (picked === undefined) throw badInput('local file', `${name} has to be picked again`);
  return blobSource(name, picked.file);
}

/** Ready-made shards beside the page: those that are read are fetched, and kept in memory only. */
async function openHostedSource(
  name: string,
  manifestPath: string,
  modelsUrl: string,
  signal: AbortSignal,
): Promise<GgufSource> {
  const manifestUrl = new URL(manifestPath, modelsUrl);
  const { bytes, shardBytes, shards } = await loadManifest(manifestUrl, signal);
  const fetched = new Map<number, Promise<Uint8Array>>();
  const fetchShard = (index: number): Promise<Uint8Array> => {
    const shard = shards[index];
    if (shard === undefined) throw badInput('LoRA merge', `${name} ends before its header does`);
    const known =
      fetched.get(index) ?? readUrlRange(new URL(shard.path, manifestUrl).href, 0, shard.bytes, signal);
    fetched.set(index, known);
    return known;
  };
  return {
    name,
    bytes,
    async read(start, end) {
      const first = Math.floor(start / shardBytes);
      const read = new Uint8Array(end - start);
      for (let at = first; at * shardBytes < end; at++) {
        const from = Math.max(start, at * shardBytes);
        const shard = await fetchShard(at);
        read.set(shard.subarray(from - at * shardBytes, end - at * shardBytes), from - start);
      }
      return read;
    },
  };
}
