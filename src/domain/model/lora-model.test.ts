import { describe, expect, it } from 'vitest';
import { addAdapter, describeAdapters, hasAdapter, type Adapter, type LoraPlan } from './lora-model';
import { parseModel } from './model';

const model = parseModel({
  id: 'base',
  name: 'Base',
  family: 'llama',
  parameters: 10,
  licence: 'MIT',
  source: 'https://x.example/',
  bundled: true,
  note: { en: 'of the base', ru: 'о ней' },
  template: { kind: 'jinja', source: '{{ messages }}' },
  artifacts: [
    {
      id: 'base-q4',
      format: 'gguf',
      quantization: 'Q4_K_M',
      contextTokens: 64,
      files: [{ name: 'base.gguf', bytes: 100, url: 'https://x.example/base.gguf' }],
    },
  ],
});
const [artifact] = model.artifacts;
if (artifact === undefined) throw new Error('no artifact');
const adapter: Adapter = {
  name: 'logic',
  architecture: 'llama',
  copied: false,
  file: { name: 'logic.gguf', bytes: 5, local: 'key' },
};
const plan: LoraPlan = {
  bytes: 140,
  ranks: [2, 2],
  alpha: 4,
  targets: ['attn_q'],
  mergedTensors: 2,
  keptTensors: 1,
  requantised: [
    { from: 'Q4_K', to: 'Q8_0', count: 1 },
    { from: 'Q6_K', to: 'Q8_0', count: 1 },
  ],
  ignored: 0,
};
const add = (scale: number, added = adapter) => addAdapter(model, artifact, added, scale, plan);

describe('addAdapter', () => {
  it('makes a row of its own that tells adapter, scale, size and types', async () => {
    const made = await add(0.8);
    expect(parseModel(made)).toEqual(made);
    expect(made).toMatchObject({ name: 'Base + logic × 0.8', bundled: false });
    expect(made.note).toBeUndefined();
    expect(made.artifacts).toMatchObject([
      {
        id: made.id,
        quantization: 'Q4_K_M + Q8_0',
        mergedBytes: 140,
        companions: [{ kind: 'lora', file: { local: 'key' }, scale: 0.8 }],
      },
    ]);
    expect(made.artifacts.map(hasAdapter)).toEqual([true]);
    expect(made.artifacts.map(describeAdapters)).toEqual([[{ name: 'logic.gguf', scale: 0.8 }]]);
  });

  it('gives the same id to the same, and another to another scale or adapter', async () => {
    const other = { ...adapter, file: { ...adapter.file, local: 'other' } };
    const ids = await Promise.all([add(0.8), add(0.8), add(-0.8), add(0), add(0.8, other)]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(4);
    expect(ids[0].id).toBe(ids[1].id);
  });

  it('counts on nothing being merged at 0', async () => {
    const made = await add(0);
    expect(made.artifacts.map(({ quantization, mergedBytes }) => [quantization, mergedBytes])).toEqual([
      ['Q4_K_M', undefined],
    ]);
  });

  it('says nothing of adapters where there are none', () => {
    expect([hasAdapter(artifact), describeAdapters(artifact)]).toEqual([false, undefined]);
  });
});
