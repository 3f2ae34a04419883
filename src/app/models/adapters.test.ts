import { describe, expect, it } from 'vitest';
import { badInput } from '../../domain/fault';
import type { Adapter, LoraPlan } from '../../domain/model/lora-model';
import { parseModel, type Model } from '../../domain/model/model';
import { Adapters, takesAdapter, type AdaptersPorts } from './adapters.svelte';

const model = parseModel({
  id: 'base',
  name: 'Base',
  family: 'llama',
  parameters: 1,
  licence: 'MIT',
  source: 'https://x.example/',
  template: { kind: 'jinja', source: '{{ messages }}' },
  artifacts: [
    {
      id: 'base',
      format: 'gguf',
      quantization: 'Q4_0',
      contextTokens: 64,
      files: [{ name: 'b.gguf', bytes: 1, url: 'https://x.example/b.gguf' }],
    },
  ],
});
const [artifact] = model.artifacts;
if (artifact === undefined) throw new Error('no artifact');
const base = { model, artifact };
const plan: LoraPlan = {
  bytes: 7,
  ranks: [2, 2],
  alpha: 4,
  targets: [],
  mergedTensors: 1,
  keptTensors: 0,
  requantised: [],
  ignored: 0,
};
const makeAdapter = (name: string): Adapter => ({
  name,
  architecture: 'llama',
  copied: false,
  file: { name, bytes: 1, local: name },
});

function make(values = new Map<string, unknown>()) {
  const picked = new Map<string, File>();
  const imported: string[] = [];
  const derived: Model[] = [];
  const planned: (readonly string[])[] = [];
  const files: AdaptersPorts['files'] = {
    remember: (file) => {
      picked.set(file.name, file);
      return Promise.resolve({ key: file.name, file });
    },
    open: (key) => {
      const file = picked.get(key);
      return file === undefined
        ? Promise.reject(badInput('local file', 'it has to be picked again'))
        : Promise.resolve({ key, file });
    },
    list: () => Promise.resolve([]),
    forget: () => Promise.resolve(),
  };
  const adapters = new Adapters({
    client: {
      inspectFiles: ([each]) => Promise.resolve({ adapter: makeAdapter(each?.file.name ?? '') }),
      inspectUrls: () => Promise.resolve({ model, templateFrom: 'file' }),
      planLora: ({ localFiles = [] }) => {
        planned.push(localFiles.map(({ key }) => key));
        return Promise.resolve(plan);
      },
      importLocal: ({ key }) => {
        imported.push(key);
        return Promise.resolve({ kind: 'finished' });
      },
    },
    files,
    own: {
      open: () => Promise.resolve([]),
      derive: (made) => {
        derived.push(made);
        return Promise.resolve();
      },
    },
    settings: {
      get: (key) => Promise.resolve(values.get(key)),
      set: (key, value) => {
        values.set(key, structuredClone(value));
        return Promise.resolve();
      },
    },
    modelsUrl: 'https://x.example/',
  });
  return { adapters, values, picked, imported, derived, planned };
}
const { signal } = new AbortController();
const pick = (name: string) => [{ file: new File([''], name) }];

describe('Adapters', () => {
  it('copies a picked adapter once, and finds it again on another visit', async () => {
    const before = make();
    const adapter = await before.adapters.pick(pick('a'));
    await before.adapters.pick(pick('lost'));
    expect(await before.adapters.plan(base, adapter)).toEqual(plan);
    expect(before.planned).toEqual([['a']]);
    const made = await before.adapters.make(base, adapter, 0.5, plan, signal);
    expect([before.imported, before.derived]).toEqual([['a'], [made]]);
    expect(made.artifacts.map(takesAdapter)).toEqual([false]);

    const after = make(before.values);
    await after.adapters.recall();
    expect(after.adapters.all.map(({ name, copied }) => [name, copied])).toEqual([['a', true]]);
    const [kept] = after.adapters.all;
    if (kept === undefined) throw new Error('no adapter');
    // The worker has the copy.
    await after.adapters.plan(base, kept);
    await after.adapters.make(base, kept, 1, plan, signal);
    expect([after.planned, after.imported]).toEqual([[[]], []]);
  });

  it('keeps one found before those of earlier visits were read', async () => {
    const before = make();
    const adapter = await before.adapters.pick(pick('old'));
    await before.adapters.make(base, adapter, 1, plan, signal);
    const after = make(before.values);
    await after.adapters.keep(makeAdapter('new'));
    expect(after.adapters.all.map(({ name }) => name)).toEqual(['new', 'old']);
    after.adapters.forget(makeAdapter('old'));
    expect(after.adapters.all.map(({ name }) => name)).toEqual(['new']);
  });

  it('refuses what is no adapter', async () => {
    const { adapters } = make();
    await expect(adapters.fetch('https://x.example/model.gguf')).rejects.toThrow('it is a model');
    await expect(adapters.pick([])).rejects.toThrow('pick one file');
    expect(adapters.all).toEqual([]);
  });

  it.each(['junk', [{}], [{ name: 1 }]])('starts empty from %j', async (stored) => {
    const { adapters } = make(new Map([['adapters', stored]]));
    await adapters.recall();
    expect(adapters.all).toEqual([]);
  });
});
