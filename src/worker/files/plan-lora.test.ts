import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startHub } from '../../../e2e/hub-stand-in.mjs';
import { FaultError, type Fault } from '../../domain/fault';
import type { Adapter } from '../../domain/model/lora-model';
import type { Artifact, ModelFile } from '../../domain/model/model';
import { encodeGguf, tensorBytes } from '../../inference/testing/gguf-writer.mjs';
import { createRandomLora } from '../../inference/testing/random-lora.mjs';
import { createShardStore } from '../../storage/shard-store';
import { inspectFiles } from './model-files';
import { planLora } from './plan-lora';

const { signal } = new AbortController();
const matrix = (name: string, type: string) => ({
  name,
  dimensions: [256, 512],
  type,
  data: new Uint8Array(tensorBytes(type, [256, 512])),
});
const architecture = { key: 'general.architecture', type: 'str', value: 'llama' } as const;
const base = encodeGguf({
  entries: [architecture],
  tensors: [
    matrix('blk.0.attn_q.weight', 'Q4_K'),
    matrix('blk.1.attn_q.weight', 'Q6_K'),
    matrix('blk.0.ffn_up.weight', 'Q8_0'),
    matrix('blk.1.ffn_up.weight', 'Q4_K'),
  ],
});
const targetsOf = (...names: string[]) => names.map((name) => ({ name, dimensions: [256, 512] }));
const lora = createRandomLora(
  targetsOf('blk.0.attn_q.weight', 'blk.1.attn_q.weight', 'blk.0.ffn_up.weight'),
  { rank: 2, alpha: 8 },
);

let hub: Awaited<ReturnType<typeof startHub>>;
beforeEach(async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  hub = await startHub({ 'some-one/base-GGUF/base.gguf': { bytes: base } });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await hub.close();
});

const makeArtifact = (file: Partial<ModelFile>): Artifact => ({
  id: 'base',
  format: 'gguf',
  quantization: 'Q4_K_M',
  contextTokens: 64,
  files: [{ name: 'base.gguf', bytes: base.length, ...file }],
  companions: [],
  unverified: false,
});
const adapter: Adapter = {
  name: 'logic',
  architecture: 'llama',
  copied: false,
  file: { name: 'logic.gguf', bytes: lora.length, local: 'logic' },
};
const pick = (key: string, bytes: Uint8Array<ArrayBuffer>) => ({
  key,
  file: new File([bytes], `${key}.gguf`),
});

const plan = (added: Uint8Array<ArrayBuffer>, weights: Uint8Array<ArrayBuffer> = base) =>
  planLora(
    {
      artifact: makeArtifact({ local: 'base' }),
      adapter,
      modelsUrl: 'https://x.example/',
      localFiles: [pick('base', weights), pick('logic', added)],
    },
    createShardStore(),
    signal,
  );

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  if (outcome instanceof FaultError) return outcome.fault;
  throw new Error('expected a FaultError', { cause: outcome });
}

describe('planLora', () => {
  it('tells rank, alpha, targets, the merged size, and which types change', async () => {
    const found = await plan(lora);
    expect(found).toMatchObject({
      ranks: [2, 2],
      alpha: 8,
      targets: ['attn_q', 'ffn_up'],
      mergedTensors: 3,
      keptTensors: 1,
      requantised: [
        { from: 'Q4_K', to: 'Q8_0', count: 1 },
        { from: 'Q6_K', to: 'Q8_0', count: 1 },
      ],
      ignored: 0,
    });
    const grown = 2 * tensorBytes('Q8_0', [256, 512]) - tensorBytes('Q4_K', [256, 512]);
    expect(found.bytes).toBe(base.length + grown - tensorBytes('Q6_K', [256, 512]));
  });

  it('reads the header of a base on the Hub, not the file', async () => {
    hub.requests.length = 0;
    const found = await planLora(
      {
        artifact: makeArtifact({ url: hub.fileUrl('some-one/base-GGUF/base.gguf') }),
        adapter,
        modelsUrl: 'https://x.example/',
        localFiles: [pick('logic', lora)],
      },
      createShardStore(),
      signal,
    );
    expect(found.mergedTensors).toBe(3);
    expect(hub.requests.filter(({ range }) => range !== undefined)).not.toEqual([]);
  });

  it.each([
    ['a model', base, 'LoRA adapter', 'it is a model'],
    [
      'a control vector',
      encodeGguf({
        entries: [{ key: 'general.architecture', type: 'str', value: 'controlvector' }],
        tensors: [{ name: 'direction.1', dimensions: [64], type: 'F32', data: new Uint8Array(256) }],
      }),
      'LoRA adapter',
      'it is a control vector',
    ],
    [
      'an adapter for another architecture',
      createRandomLora(targetsOf('blk.0.attn_q.weight'), { architecture: 'qwen2' }),
      'LoRA merge',
      "it is for the architecture 'qwen2'",
    ],
    [
      'an adapter for a deeper model',
      createRandomLora(targetsOf('blk.9.attn_q.weight')),
      'LoRA merge',
      'the model has no tensor blk.9.attn_q.weight',
    ],
    [
      'an adapter for a wider model',
      createRandomLora([{ name: 'blk.0.attn_q.weight', dimensions: [512, 512] }]),
      'LoRA merge',
      'made for another model',
    ],
    [
      'an adapter of another kind',
      createRandomLora(targetsOf('blk.0.attn_q.weight'), {
        entries: [
          architecture,
          { key: 'general.type', type: 'str', value: 'adapter' },
          { key: 'adapter.type', type: 'str', value: 'ia3' },
        ],
      }),
      'LoRA merge',
      "an adapter of type 'ia3'",
    ],
    ['junk', new TextEncoder().encode('<!doctype html>'), 'GGUF file', 'does not begin as'],
  ])('refuses %s in words of its own', async (_name, bytes, what, words) => {
    const fault = await faultOf(plan(bytes));
    expect(fault).toMatchObject({ kind: 'bad-input', what });
    expect('detail' in fault && fault.detail).toContain(words);
  });

  it('asks for a file that nobody has any more', async () => {
    const asked = planLora(
      { artifact: makeArtifact({ local: 'base' }), adapter, modelsUrl: 'https://x.example/' },
      createShardStore(),
      signal,
    );
    expect(await faultOf(asked)).toMatchObject({ kind: 'bad-input', what: 'local file' });
  });
});

describe('inspectFiles', () => {
  it('knows an adapter picked by itself', async () => {
    expect(await inspectFiles([pick('logic', lora)], signal)).toEqual({
      adapter: {
        name: 'logic',
        architecture: 'llama',
        copied: false,
        file: { name: 'logic.gguf', bytes: lora.length, local: 'logic' },
      },
    });
  });
});
