import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultError } from '../../domain/fault';
import type { ShardStore } from '../../domain/run/ports';
import { bytesSource, mergeLora, parseGguf } from '../../inference/index';
import { encodeGguf } from '../../inference/testing/gguf-writer.mjs';
import { createRandomData } from '../../inference/testing/random-blocks.mjs';
import { createRandomLora } from '../../inference/testing/random-lora.mjs';
import { createShardStore } from '../../storage/shard-store';
import { applyAdapters, mergeLoraArtifact, type MergeProgress, type MergeRequest } from './merge-lora';

const MEBIBYTE = 1024 * 1024;

/** 18 MiB, so that there are two shards; two matrices, one of which has an adapter. */
const base = encodeGguf({
  entries: [{ key: 'general.architecture', type: 'str', value: 'llama' }],
  tensors: ['blk.0.ffn_up.weight', 'blk.0.ffn_gate.weight'].map((name, index) => ({
    name,
    dimensions: [1024, 9 * 512],
    type: 'F16',
    data: createRandomData('F16', 9 * 512 * 1024, 0.1, index + 1),
  })),
});
const adapter = createRandomLora([{ name: 'blk.0.ffn_up.weight', dimensions: [1024, 9 * 512] }], { rank: 2 });
const request: MergeRequest = {
  base: [{ name: 'base.Q8_0.gguf', blob: new Blob([base]) }],
  adapter: { name: 'logic.gguf', blob: new Blob([adapter]) },
  scale: 0.5,
};
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let store: ShardStore;
let reserved: number[];
let locked: string[];

const merge = (
  changes: Partial<MergeRequest> = {},
  onProgress: (progress: MergeProgress) => void = () => undefined,
  signal: AbortSignal = new AbortController().signal,
) =>
  mergeLoraArtifact(
    { ...request, ...changes },
    {
      store,
      now: () => 1_763_800_000_000,
      reserve(bytes) {
        reserved.push(bytes);
        return Promise.resolve();
      },
    },
    onProgress,
    signal,
  );

const faultOf = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
  return 'no fault';
};

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  locked = [];
  reserved = [];
  // Node has no Web Locks.
  vi.stubGlobal('navigator', {
    locks: {
      request(name: string, _options: unknown, work: () => Promise<unknown>) {
        locked.push(name);
        return work();
      },
    },
  });
  store = createShardStore();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('mergeLoraArtifact', () => {
  it('stores what the library merges, in shards, under its own name', async () => {
    const pieces: Uint8Array[] = [];
    await mergeLora([bytesSource(base)], bytesSource(adapter), 0.5, (bytes) => {
      pieces.push(bytes.slice());
      return Promise.resolve();
    });
    const expected = Buffer.concat(pieces);

    const { file, blob, cached, report } = await merge();
    const bytes = new Uint8Array(await blob.arrayBuffer());
    expect(Buffer.compare(bytes, expected)).toBe(0);
    expect(cached).toBe(false);
    expect(report).toEqual({ mergedTensors: 1, keptTensors: 1, requantised: [], ignored: [] });
    expect(file).toMatchObject({
      name: 'base.Q8_0+logic*0.5.gguf',
      bytes: expected.length,
      sha256: hashOf(expected),
    });
    expect(file.local).toMatch(/^[0-9a-f]{64}$/);
    expect(locked).toEqual([`wizardbench-file-${file.local}`]);
    expect(reserved).toEqual([expected.length]);

    const stored = await store.findFile(file.local);
    expect(stored).toMatchObject({
      bytes: expected.length,
      sha256: file.sha256,
      storedAt: 1_763_800_000_000,
    });
    expect(stored?.shards).toEqual([
      { bytes: 16 * MEBIBYTE, sha256: hashOf(expected.subarray(0, 16 * MEBIBYTE)) },
      { bytes: expected.length - 16 * MEBIBYTE, sha256: hashOf(expected.subarray(16 * MEBIBYTE)) },
    ]);
    const { tensors } = await parseGguf([bytesSource(bytes)]);
    expect(tensors).toHaveLength(2);
  });

  it('finds an equal merge again, whether the hashes are known or computed', async () => {
    const first = await merge();
    const writes = vi.spyOn(store, 'writeShard');
    const phases = new Set<string>();
    const again = await merge(
      {
        base: [{ name: 'renamed.gguf', blob: new Blob([base]), sha256: hashOf(base) }],
        adapter: { name: 'other.gguf', blob: new Blob([adapter]), sha256: hashOf(adapter) },
      },
      ({ phase }) => phases.add(phase),
    );
    expect(again.cached).toBe(true);
    expect(again.file).toEqual(first.file);
    expect(again.report).toEqual(first.report);
    expect(again.blob.size).toBe(first.blob.size);
    expect([...phases]).toEqual(['checking']);
    expect(writes).not.toHaveBeenCalled();
  });

  it('merges anew for another scale, another adapter or a damaged shard', async () => {
    const { file } = await merge();
    const scaled = await merge({ scale: 1 });
    expect(scaled.cached).toBe(false);
    expect(scaled.file.local).not.toBe(file.local);
    const blob = new Blob([
      createRandomLora([{ name: 'blk.0.ffn_up.weight', dimensions: [1024, 9 * 512] }], { seed: 2 }),
    ]);
    expect((await merge({ adapter: { name: 'logic.gguf', blob } })).file.local).not.toBe(file.local);
    await store.writeShard(file.local, 1, new Blob(['damaged']));
    const repaired = await merge();
    expect(repaired.cached).toBe(false);
    expect(repaired.file).toEqual(file);
    expect((await merge()).cached).toBe(true);
  });

  it('tells how far it is', async () => {
    const seen: MergeProgress[] = [];
    const { file } = await merge({}, (progress) => seen.push(progress));
    const last = (phase: string) => seen.findLast((progress) => progress.phase === phase);
    const hashed = base.length + adapter.length;
    expect(last('hashing')).toMatchObject({ doneBytes: hashed, totalBytes: hashed });
    expect(last('merging')).toMatchObject({ doneBytes: file.bytes, totalBytes: file.bytes });
  });

  it('stops, leaves nothing that looks whole, and starts over', async () => {
    const controller = new AbortController();
    const stopped = merge(
      {},
      ({ phase, doneBytes }) => {
        if (phase === 'merging' && doneBytes > MEBIBYTE) controller.abort();
      },
      controller.signal,
    );
    expect(await faultOf(stopped)).toEqual({ kind: 'stopped' });
    const [name] = locked;
    expect(await store.findFile(name?.replace('wizardbench-file-', '') ?? '')).toBeUndefined();
    expect((await merge()).cached).toBe(false);
  });

  it('passes on that the disk is full', async () => {
    vi.spyOn(store, 'writeShard').mockRejectedValue(new FaultError({ kind: 'quota', neededBytes: 7 }));
    expect(await faultOf(merge())).toEqual({ kind: 'quota', neededBytes: 7 });
  });

  it('refuses what does not fit before it hashes anything', async () => {
    const seen: MergeProgress[] = [];
    const other = createRandomLora([{ name: 'blk.9.ffn_up.weight', dimensions: [1024, 512] }]);
    const blob = new Blob([other]);
    expect(await faultOf(merge({ adapter: { name: 'x', blob } }, (progress) => seen.push(progress)))).toEqual(
      {
        kind: 'bad-input',
        what: 'LoRA merge',
        detail: 'the adapter: the model has no tensor blk.9.ffn_up.weight: made for another model',
      },
    );
    expect(await faultOf(merge({ scale: NaN }))).toMatchObject({ kind: 'bad-input', what: 'LoRA merge' });
    expect(await faultOf(merge({ adapter: { name: 'x', blob: new Blob(['junk']) } }))).toMatchObject({
      kind: 'bad-input',
    });
    expect(seen).toEqual([]);
  });
});

describe('applyAdapters', () => {
  const files = [
    { name: 'base.gguf', blob: new Blob([base]), sha256: hashOf(base) },
    { name: 'logic.gguf', blob: new Blob([adapter]), sha256: hashOf(adapter), role: 'lora' as const },
    { name: 'mmproj.gguf', blob: new Blob(['eyes']), role: 'mmproj' as const },
  ];
  const apply = async (scale: number) => {
    const phases: string[] = [];
    const opened = await applyAdapters(
      {
        id: 'a',
        format: 'gguf',
        quantization: 'F16',
        contextTokens: 64,
        files: [{ name: 'base.gguf', bytes: base.length, local: 'b' }],
        companions: [{ kind: 'lora', file: { name: 'logic.gguf', bytes: 1, local: 'l' }, scale }],
        unverified: false,
      },
      files,
      { store, now: () => 0, reserve: () => Promise.resolve() },
      (event) => {
        if (event.type === 'phase') phases.push(event.phase);
      },
      new AbortController().signal,
    );
    return { opened, phases };
  };

  it('puts the merged file in place of weights and adapter, and merges once', async () => {
    const { opened, phases } = await apply(0.5);
    expect(opened.map(({ name }) => name)).toEqual(['base+logic*0.5.gguf', 'mmproj.gguf']);
    expect(phases).toEqual(['merging']);
    const again = await apply(0.5);
    expect(again.phases).toEqual(['checking']);
    expect(again.opened[0]?.sha256).toBe(opened[0]?.sha256);
    expect((await apply(0.25)).opened[0]?.sha256).not.toBe(opened[0]?.sha256);
  });

  it('leaves the weights as they are at a scale of 0', async () => {
    const { opened, phases } = await apply(0);
    expect(opened.map(({ name }) => name)).toEqual(['base.gguf', 'mmproj.gguf']);
    expect(phases).toEqual([]);
  });
});
