import { describe, expect, it } from 'vitest';
import { badInput, FaultError } from '../../domain/fault';
import type { Inspected, InspectedModel } from '../../domain/model/gguf-model';
import type { LocalFile } from '../../domain/download/local-file';
import { parseModel } from '../../domain/model/model';
import type { RunEnd } from '../../domain/run/run';
import { OwnModels, type LocalFilesPort } from './own-models.svelte';

const inspect = (files: readonly LocalFile[]): InspectedModel => ({
  templateFrom: 'file',
  model: parseModel({
    id: `own-${files[0]?.file.name ?? ''}`,
    name: 'Own',
    family: 'llama',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id: `own-${files[0]?.file.name ?? ''}`,
        format: 'gguf',
        quantization: 'Q4_0',
        contextTokens: 2048,
        files: files.map(({ key, file }) => ({ name: file.name, bytes: file.size, local: key })),
      },
    ],
  }),
});
const file = (name: string) => new File(['12345'], name);

function make(values = new Map<string, unknown>(), kept: string[] = []) {
  const picked = new Map<string, File>();
  const imported: string[] = [];
  const adapters: string[] = [];
  let ends: RunEnd = { kind: 'finished' };
  const files: LocalFilesPort = {
    remember: (each, handle) => {
      picked.set(each.name, each);
      if (handle !== undefined) kept.push(each.name);
      return Promise.resolve({ key: each.name, file: each });
    },
    open: (key) => {
      const found = picked.get(key);
      return found === undefined
        ? Promise.reject(badInput('local file', 'it has to be picked again'))
        : Promise.resolve({ key, file: found });
    },
    list: () => Promise.resolve(kept.map((key) => ({ key }))),
    forget: (key) => {
      picked.delete(key);
      kept.splice(0, kept.length, ...kept.filter((each) => each !== key));
      return Promise.resolve();
    },
  };
  const own = new OwnModels({
    client: {
      findMlcWeights: ({ reference }) => Promise.resolve({ repo: reference, bytes: 5 }),
      inspectFiles: (all) =>
        all.some((each) => each.file.name === 'junk')
          ? Promise.reject(badInput('GGUF file', 'wrong magic'))
          : Promise.resolve<Inspected>(
              all[0]?.file.name === 'adapter'
                ? {
                    adapter: {
                      name: 'adapter',
                      architecture: 'llama',
                      copied: false,
                      file: { name: 'adapter', bytes: 5, local: 'adapter' },
                    },
                  }
                : inspect(all),
            ),
      importLocal: ({ key }, listener) => {
        imported.push(key);
        listener([{ type: 'transfer', progress: { doneBytes: 5, totalBytes: 5, receivedBytes: 0 } }]);
        return Promise.resolve(ends);
      },
    },
    files,
    onAdapter: ({ name }) => adapters.push(name),
    settings: {
      get: (key) => Promise.resolve(values.get(key)),
      set: (key, value) => {
        values.set(key, structuredClone(value));
        return Promise.resolve();
      },
    },
  });
  return { own, values, kept, picked, imported, adapters, endWith: (end: RunEnd) => (ends = end) };
}
const handle = {} as FileSystemFileHandle;
const firstOf = ({ models: [first] }: OwnModels) => {
  if (first === undefined) throw new Error('no model');
  return first;
};

describe('OwnModels', () => {
  it('makes a model of files picked together, and opens them for a run', async () => {
    const { own } = make();
    await own.pick([{ file: file('a') }, { file: file('b') }]);
    expect(own.models.map(({ model }) => model.id)).toEqual(['own-a']);
    const [artifact] = firstOf(own).model.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    expect((await own.open(artifact)).map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('has one row for a model picked twice, the newest first', async () => {
    const { own } = make();
    for (const name of ['a', 'b', 'a']) await own.pick([{ file: file(name) }]);
    expect(own.models.map(({ model }) => model.id)).toEqual(['own-a', 'own-b']);
  });

  it('tells what is wrong with files, and keeps what was there', async () => {
    const { own } = make();
    await own.pick([{ file: file('a') }]);
    await own.pick([{ file: file('junk') }]);
    expect(own.fault).toMatchObject({ what: 'GGUF file' });
    expect(own.reading).toBe(false);
    expect(own.models).toHaveLength(1);
  });

  it('brings back those with handles, and those that were copied', async () => {
    const before = make();
    await before.own.pick([{ file: file('handled'), handle }]);
    await before.own.pick([{ file: file('copied') }]);
    await before.own.copy(firstOf(before.own));
    await before.own.pick([{ file: file('lost') }]);
    const after = make(before.values, before.kept);
    await after.own.recall();
    expect(after.own.models.map(({ model }) => model.id)).toEqual(['own-copied', 'own-handled']);
    const [artifact] = firstOf(after.own).model.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    // The worker has the copy.
    expect(await after.own.open(artifact)).toEqual([]);
  });

  it.each([['junk'], [[{ model: {}, templateFrom: 'file', copied: true }]], [[{ copied: 1 }]]])(
    'starts empty from %j',
    async (stored) => {
      const { own } = make(new Map([['own-models', stored]]));
      await own.recall();
      expect(own.models).toEqual([]);
    },
  );

  it('asks to pick again what cannot be opened', async () => {
    const { own, picked } = make();
    await own.pick([{ file: file('a') }]);
    picked.clear();
    const [artifact] = firstOf(own).model.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    await expect(own.open(artifact)).rejects.toBeInstanceOf(FaultError);
    await own.copy(firstOf(own));
    expect(own.fault).toMatchObject({ what: 'local file' });
    expect(own.copying).toBeUndefined();
  });

  it('copies every file, unless it is stopped or fails', async () => {
    const { own, imported, endWith } = make();
    await own.pick([{ file: file('a') }, { file: file('b') }]);
    endWith({ kind: 'stopped' });
    await own.copy(firstOf(own));
    expect([firstOf(own).copied, own.fault]).toEqual([false, undefined]);
    endWith({ kind: 'failed', fault: { kind: 'quota', neededBytes: 5 } });
    await own.copy(firstOf(own));
    expect([firstOf(own).copied, own.fault?.kind]).toEqual([false, 'quota']);
    endWith({ kind: 'finished' });
    imported.length = 0;
    await own.copy(firstOf(own));
    expect([firstOf(own).copied, imported]).toEqual([true, ['a', 'b']]);
  });

  it('hands an adapter picked by itself on', async () => {
    const { own, adapters } = make();
    await own.pick([{ file: file('adapter') }]);
    expect([own.models, adapters, own.fault]).toEqual([[], ['adapter'], undefined]);
  });

  it('keeps a model made of another, whose adapter need not be picked again', async () => {
    const before = make();
    await before.own.pick([{ file: file('base'), handle }]);
    const { model } = firstOf(before.own);
    const artifacts = model.artifacts.map((artifact) => ({
      ...artifact,
      id: 'made',
      companions: [
        { kind: 'lora' as const, file: { name: 'adapter', bytes: 5, local: 'adapter' }, scale: 0.5 },
      ],
    }));
    await before.own.derive({ ...model, id: 'made', artifacts });
    expect(before.own.models.map((each) => [each.model.id, each.templateFrom, each.copied])).toEqual([
      ['made', 'base', false],
      ['own-base', 'file', false],
    ]);

    const after = make(before.values, before.kept);
    await after.own.recall();
    expect(after.own.models.map((each) => each.model.id)).toEqual(['made', 'own-base']);
    after.picked.set('base', file('base'));
    const [artifact] = firstOf(after.own).model.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    expect((await after.own.open(artifact)).map(({ key }) => key)).toEqual(['base']);

    // What is made of a model that is copied needs nothing more.
    const base = after.own.models.find((each) => each.model.id === 'own-base');
    if (base !== undefined) await after.own.copy(base);
    expect(after.own.models.map((each) => each.copied)).toEqual([true, true]);

    // The base's file is still another model's.
    await after.own.forget(firstOf(after.own));
    expect(after.kept).toEqual(['base']);
  });

  it('forgets a model and where its files are', async () => {
    const { own, kept } = make();
    await own.pick([{ file: file('a'), handle }]);
    await own.forget(firstOf(own));
    expect([own.models, kept]).toEqual([[], []]);
  });
});
