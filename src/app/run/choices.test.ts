import { describe, expect, it, vi } from 'vitest';
import { FaultError } from '../../domain/fault';
import { parseModel } from '../../domain/model/model';
import type { SettingsStore } from '../../domain/run/ports';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import type { EngineSummary } from '../../worker/protocol';
import { Choices } from './choices.svelte';
import { summarise, type LoadedSet } from '../sets/test-sets';

const HASH = 'a'.repeat(64);
const makeModel = (id: string) =>
  parseModel({
    id,
    name: id,
    family: 'Family',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id: `${id}-q4`,
        format: 'gguf',
        quantization: 'Q4_0',
        contextTokens: 2048,
        files: [{ name: 'a.gguf', bytes: 1, sha256: HASH, manifest: 'a/manifest.json' }],
      },
    ],
  });
const models = [makeModel('first'), makeModel('second')];

const makeSet = (id: string, language: string, sha256 = HASH): LoadedSet => ({
  sha256,
  testSet: {
    id,
    title: id,
    language,
    licence: 'CC0-1.0',
    cases: [{ id: 'a', prompt: '?', graders: [{ type: 'equals', value: 'x' }], tags: [] }],
  },
});
const OTHER_HASH = 'b'.repeat(64);
const GENERATED_HASH = 'c'.repeat(64);
const sets = [makeSet('logic-en', 'en'), makeSet('logic-ru', 'ru', OTHER_HASH)];
const generated = makeSet('gen-zebra-1-1-1-en', 'en', GENERATED_HASH);
const bundled = sets.map(summarise);

function loadSet(id: string): Promise<LoadedSet> {
  const found = [...sets, generated].find(({ testSet }) => testSet.id === id);
  return found === undefined
    ? Promise.reject(new FaultError({ kind: 'download', url: id, detail: 'not there' }))
    : Promise.resolve(found);
}

function makeSettings(entries: Record<string, unknown> = {}) {
  const values = new Map(Object.entries(entries));
  const settings: SettingsStore = {
    get: (key) => Promise.resolve(values.get(key)),
    set: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
  };
  return { values, settings };
}
const forbidden: SettingsStore = {
  get: () => Promise.reject(new Error('forbidden')),
  set: () => Promise.reject(new Error('forbidden')),
};

const engines: readonly EngineSummary[] = [
  { id: 'simd', label: 'SIMD', formats: ['gguf'], backends: ['wasm'] },
  { id: 'wllama', label: 'wllama', formats: ['gguf'], backends: ['wasm', 'webgpu'] },
];
const listEngines = () => Promise.resolve(engines);

async function load(settings: SettingsStore, language = 'en', load = loadSet) {
  const choices = new Choices(models, settings, bundled, load, listEngines);
  await choices.load(language);
  return choices;
}

describe('Choices', () => {
  it('has the first model and the defaults chosen before anything is loaded', () => {
    const choices = new Choices(models, forbidden, bundled, loadSet, listEngines);
    expect(choices.model?.id).toBe('first');
    expect(choices.sampling).toEqual(DEFAULT_SAMPLING);
    expect(choices.set).toBeUndefined();
  });

  it('has no model without a catalog', () => {
    expect(new Choices([], forbidden, bundled, loadSet, listEngines).model).toBeUndefined();
  });

  it.each([
    ['en', 'logic-en'],
    ['ru', 'logic-ru'],
    ['de', 'logic-en'],
  ])('on a first visit in %s chooses %s', async (language, id) => {
    const choices = await load(makeSettings().settings, language);
    expect(choices.set?.testSet.id).toBe(id);
    expect(choices.sets).toBe(bundled);
    expect(choices.fault).toBeUndefined();
  });

  it('remembers choices for the next visit, before the language of the page', async () => {
    const { settings } = makeSettings();
    const first = await load(settings);
    first.modelId = 'second';
    first.setId = 'logic-ru';
    first.changeSampling({ temperature: 0.7, seed: 7 });
    const next = await load(settings, 'en');
    expect(next.model?.id).toBe('second');
    expect(next.set?.testSet.id).toBe('logic-ru');
    expect(next.sampling).toEqual({ ...DEFAULT_SAMPLING, temperature: 0.7, seed: 7 });
  });

  it('keeps what was chosen while it loaded, and when it loads again', async () => {
    const choices = await load(makeSettings({ set: 'logic-en' }).settings);
    choices.setId = 'logic-ru';
    await choices.load('en');
    expect(choices.setId).toBe('logic-ru');
  });

  it.each([{ set: 'gone' }, { set: 7 }, { set: null }])(
    'forgets a set that is not there: %j',
    async (entries) => {
      expect((await load(makeSettings(entries).settings, 'ru')).set?.testSet.id).toBe('logic-ru');
    },
  );

  it.each([null, 'hot', { temperature: 9 }, { ...DEFAULT_SAMPLING, penalty: 1 }])(
    'takes the defaults for stored sampling that is %j',
    async (sampling) => {
      const choices = await load(makeSettings({ sampling }).settings);
      expect(choices.sampling).toEqual(DEFAULT_SAMPLING);
      expect(choices.fault).toBeUndefined();
    },
  );

  it('works where the browser forbids storage', async () => {
    const choices = await load(forbidden);
    expect(choices.fault).toBeUndefined();
    expect(choices.set?.testSet.id).toBe('logic-en');
    choices.setId = 'logic-ru';
    choices.changeSampling({ seed: 7 });
    await vi.waitFor(() => {
      expect(choices.set?.testSet.id).toBe('logic-ru');
    });
    expect(choices.sampling.seed).toBe(7);
  });

  it.each(['gone', 7, null])('keeps the first model when the one remembered is %j', async (model) => {
    expect((await load(makeSettings({ model }).settings)).model?.id).toBe('first');
  });

  it('forgets sampling that was reset', async () => {
    const { settings } = makeSettings();
    const first = await load(settings);
    first.changeSampling({ seed: 7 });
    first.resetSettings();
    expect((await load(settings)).sampling).toEqual(DEFAULT_SAMPLING);
  });

  it('asks for the engines once, and not before somebody wants to see them', async () => {
    let asked = 0;
    const choices = new Choices(models, makeSettings().settings, bundled, loadSet, () => {
      asked++;
      return listEngines();
    });
    await choices.load('en');
    expect([asked, choices.engines]).toEqual([0, []]);
    await choices.loadEngines();
    await choices.loadEngines();
    expect([asked, choices.engines]).toEqual([1, engines]);
  });

  it('leaves the thread count to measurement until told otherwise, and again after a reset', async () => {
    const { settings } = makeSettings();
    const first = await load(settings);
    expect(first.threads).toBe(0);
    first.threads = 2;
    expect((await load(settings)).threads).toBe(2);
    first.resetSettings();
    expect((await load(settings)).threads).toBe(0);
  });

  it.each([-1, 1.5, 1000, '2', null])('takes no stored thread count of %j', async (stored) => {
    expect((await load(makeSettings({ threads: stored }).settings)).threads).toBe(0);
  });

  it('leaves the engine to the worker until told otherwise, and again after a reset', async () => {
    const { settings } = makeSettings();
    const first = await load(settings);
    expect(first.engineId).toBe('');
    first.engineId = 'wllama';
    const next = await load(settings);
    expect(next.engineId).toBe('wllama');
    next.resetSettings();
    expect((await load(settings)).engineId).toBe('');
  });

  it('says when the chosen set cannot be loaded, and forgets it when it can', async () => {
    const fault = { kind: 'download', url: 'https://x.example/', detail: 'offline' } as const;
    let isOnline = false;
    const choices = await load(makeSettings().settings, 'en', (id) =>
      isOnline ? loadSet(id) : Promise.reject(new FaultError(fault)),
    );
    expect(choices.fault).toEqual(fault);
    expect(choices.set).toBeUndefined();
    isOnline = true;
    await choices.load('en');
    expect(choices.fault).toBeUndefined();
    expect(choices.set?.testSet.id).toBe('logic-en');
  });

  it('loads only the set that is chosen, and each once', async () => {
    const asked: string[] = [];
    const choices = await load(makeSettings().settings, 'en', (id) => {
      asked.push(id);
      return loadSet(id);
    });
    expect(asked).toEqual(['logic-en']);
    choices.setId = 'logic-ru';
    expect(choices.set).toBeUndefined();
    await vi.waitFor(() => {
      expect(choices.set?.testSet.id).toBe('logic-ru');
    });
    choices.setId = 'logic-en';
    expect(choices.set?.testSet.id).toBe('logic-en');
    expect(asked).toEqual(['logic-en', 'logic-ru']);
  });

  it('finds the set of a shared run by its hash, and generates one that has a name for it', async () => {
    const choices = await load(makeSettings().settings);
    expect(await choices.findSet({ id: 'renamed', sha256: OTHER_HASH })).toBe(sets[1]);
    const { id } = generated.testSet;
    expect(await choices.findSet({ id, sha256: GENERATED_HASH })).toBe(generated);
    expect(choices.sets.map((set) => set.id)).toEqual(['logic-en', 'logic-ru', id]);
    expect(await choices.findSet({ id, sha256: 'd'.repeat(64) })).toBeUndefined();
    expect(await choices.findSet({ id: 'gen-lion-1-1-1-en', sha256: 'd'.repeat(64) })).toBeUndefined();
    expect(await choices.findSet({ id: 'logic-en', sha256: 'd'.repeat(64) })).toBeUndefined();
  });

  it('remembers a generated set', async () => {
    const { settings } = makeSettings();
    const { id } = generated.testSet;
    const first = await load(settings);
    await first.findSet({ id, sha256: GENERATED_HASH });
    first.setId = id;
    expect((await load(settings)).set).toBe(generated);
    expect((await load(makeSettings({ set: 'gen-lion-1-1-1-en' }).settings)).setId).toBe('logic-en');
  });

  it('refuses sampling out of bounds and keeps the last good one', async () => {
    const choices = await load(makeSettings().settings);
    choices.changeSampling({ maxTokens: 10 });
    expect(() => {
      choices.changeSampling({ maxTokens: 0 });
    }).toThrow(FaultError);
    expect(() => {
      choices.changeSampling({ temperature: Number.NaN });
    }).toThrow(FaultError);
    expect(choices.sampling.maxTokens).toBe(10);
    choices.resetSettings();
    expect(choices.sampling).toEqual(DEFAULT_SAMPLING);
  });

  it('offers stored sets, and a new version of one in place of the old', async () => {
    const choices = await load(makeSettings().settings);
    const mine = makeSet('mine', 'en', OTHER_HASH);
    choices.offer([summarise(mine)]);
    expect(choices.sets.map(({ id }) => id)).toEqual(['logic-en', 'logic-ru', 'mine']);
    choices.replace(mine);
    choices.setId = 'mine';
    expect(choices.set).toEqual(mine);
    const newer = makeSet('mine', 'ru', GENERATED_HASH);
    choices.replace(newer);
    expect(choices.set).toEqual(newer);
    expect(choices.sets.at(-1)).toEqual(summarise(newer));
    choices.withdraw('mine');
    expect(choices.setId).toBe('logic-en');
    expect(choices.sets.map(({ id }) => id)).toEqual(['logic-en', 'logic-ru']);
  });

  it('remembers how often each question is asked, within bounds, and orders a run so', async () => {
    const { settings, values } = makeSettings({ repeats: 4 });
    const choices = await load(settings);
    const { testSet } = makeSet('mine', 'en');
    expect(choices.order(testSet)).toMatchObject({ repeats: 4, artifactId: 'first-q4', testSet });
    choices.repeats = 33;
    expect(choices.repeats).toBe(4);
    choices.repeats = 2;
    expect(values.get('repeats')).toBe(2);
    choices.resetSettings();
    expect(choices.order(testSet)).not.toHaveProperty('repeats');
  });
});

describe('models of the catalog and others', () => {
  const own = makeModel('own');

  it('offers the bundled, the chosen and the recently used models', async () => {
    const carried = { ...makeModel('bundled'), bundled: true };
    const catalog = [carried, ...models];
    const { settings } = makeSettings();
    const choices = new Choices(catalog, settings, bundled, loadSet, listEngines);
    await choices.load('en');
    expect(choices.offered.map(({ id }) => id)).toEqual(['bundled']);
    await choices.use(makeModel('second'), 'second-q4');
    choices.modelId = 'bundled';
    expect(choices.offered.map(({ id }) => id)).toEqual(['bundled', 'second']);
  });

  it('remembers the artifact that a model is used by', async () => {
    const [first] = makeModel('two').artifacts;
    if (first === undefined) throw new Error('no artifact');
    const two = { ...makeModel('two'), artifacts: [first, { ...first, id: 'two-q8' }] };
    const catalog = [...models, two];
    const { settings } = makeSettings();
    const make = () => new Choices(catalog, settings, bundled, loadSet, listEngines);
    const choices = make();
    expect(choices.artifact?.id).toBe('first-q4');
    await choices.use(two, 'two-q8');
    expect(choices.artifact?.id).toBe('two-q8');
    choices.modelId = 'first';
    expect(choices.artifact?.id).toBe('first-q4');
    choices.modelId = 'two';
    const next = make();
    await next.load('en');
    expect(next.artifact?.id).toBe('two-q8');
  });

  it('keeps a model that the catalog does not have, until it is forgotten', async () => {
    const { settings } = makeSettings();
    const choices = await load(settings);
    await choices.use(own, 'own-q4');
    const next = await load(settings);
    expect([next.model?.id, next.offered.map(({ id }) => id)]).toEqual(['own', ['own']]);
    next.forget('own');
    expect([next.model?.id, next.models.map(({ id }) => id)]).toEqual(['first', ['first', 'second']]);
  });

  it.each([
    { 'added-models': 'junk', 'recent-models': 7, artifact: 1, backend: 'npu' },
    { 'added-models': [{ id: 'x' }], 'recent-models': [null], artifact: null, backend: null },
  ])('starts as on a first visit from %j', async (entries) => {
    const choices = await load(makeSettings(entries).settings);
    expect([choices.model?.id, choices.artifact?.id, choices.backend]).toEqual(['first', 'first-q4', 'auto']);
    expect(choices.models).toEqual(models);
  });

  it('remembers what to run on, and puts it back with the other settings', async () => {
    const { settings } = makeSettings();
    const choices = await load(settings);
    choices.backend = 'wasm';
    const next = await load(settings);
    expect(next.backend).toBe('wasm');
    next.resetSettings();
    expect(next.backend).toBe('auto');
  });
});

describe('a temperature', () => {
  it('is not taken over by the next model without a word, and can be', async () => {
    const choices = await load(makeSettings().settings);
    choices.changeSampling({ temperature: 0.7, maxTokens: 12 });
    const before = choices.sampling;
    choices.modelId = 'second';
    // How long answers may be is no matter of the model.
    expect(choices.sampling).toEqual({ ...DEFAULT_SAMPLING, maxTokens: 12 });
    expect(choices.setAside).toEqual(before);
    choices.takeOver();
    expect(choices.sampling).toEqual(before);
    expect(choices.setAside).toBeUndefined();
  });

  it('stays while the model does', async () => {
    const choices = await load(makeSettings().settings);
    choices.changeSampling({ temperature: 0.7 });
    choices.modelId = 'first';
    expect(choices.sampling.temperature).toBe(0.7);
    expect(choices.setAside).toBeUndefined();
  });
});

describe('languages', () => {
  const withLanguages = (id: string, languages: readonly string[]) =>
    parseModel({ ...makeModel(id), languages });
  const makeChoices = (catalog: readonly ReturnType<typeof makeModel>[]) =>
    new Choices(catalog, makeSettings().settings, bundled, loadSet, listEngines);

  it('gives a first visit a set that the model was made for, before one in the reader’s language', async () => {
    const choices = makeChoices([withLanguages('english', ['en']), withLanguages('both', ['en', 'ru'])]);
    await choices.load('ru');
    expect(choices.setId).toBe('logic-en');
    expect(choices.isForeignSet).toBe(false);
    expect(choices.understands('ru-RU')).toBe(false);
    expect(choices.findSpeakers('ru').map(({ id }) => id)).toEqual(['both']);
    choices.setId = 'logic-ru';
    expect(choices.isForeignSet).toBe(true);
    choices.modelId = 'both';
    expect(choices.isForeignSet).toBe(false);
  });

  it('goes by the reader’s language where nothing is known of the model', async () => {
    const choices = makeChoices(models);
    await choices.load('ru');
    expect(choices.setId).toBe('logic-ru');
    expect(choices.isForeignSet).toBe(false);
  });
});
