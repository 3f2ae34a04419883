import * as v from 'valibot';
import type { BackendChoice, Sampling } from '../domain/engine';
import { toFault, type Fault } from '../domain/fault';
import { parseModel, type Artifact, type Model } from '../domain/model';
import { parseWith } from '../domain/parse';
import type { SettingsStore } from '../domain/ports';
import { DEFAULT_SAMPLING, samplingSchema } from '../domain/run';
import type { EngineSummary } from '../worker/protocol';
import type { LoadedSet } from './test-sets';

/** Models used lately that the Run screen offers besides the bundled ones. */
const MOST_RECENT = 6;

/** A model that was used, with the artifact it was used by. */
interface Use {
  readonly modelId: string;
  readonly artifactId: string;
}

const useSchema = v.object({ modelId: v.string(), artifactId: v.string() });
const BACKENDS: readonly BackendChoice[] = ['auto', 'webgpu', 'wasm'];

/**
 * What the next run will be: model, set, sampling. Remembered on this device as soon as it changes, so that neither a
 * closed page nor the reload that brings threads loses it.
 */
export class Choices {
  #modelId = $state('');
  #artifactId = $state('');
  /** Newest first. */
  #recent = $state.raw<readonly Use[]>([]);
  /** Used models that the catalog does not have. */
  #added = $state.raw<readonly Model[]>([]);
  #backend = $state<BackendChoice>('auto');
  #setId = $state('');
  #sampling = $state.raw<Sampling>(DEFAULT_SAMPLING);
  #sets = $state.raw<readonly LoadedSet[]>([]);
  #engineId = $state('');
  #threads = $state(0);
  #engines = $state.raw<readonly EngineSummary[]>([]);
  #fault = $state.raw<Fault | undefined>();

  /** What a person has changed on this page: no stored choice overrides that. */
  readonly #touched: string[] = [];

  constructor(
    /** Bundled models first. */
    readonly catalog: readonly Model[],
    private readonly settings: SettingsStore,
    private readonly loadSets: () => Promise<readonly LoadedSet[]>,
    private readonly listEngines: () => Promise<readonly EngineSummary[]>,
  ) {
    this.#modelId = catalog[0]?.id ?? '';
  }

  /** Empty until asked for: only the worker knows the engines. */
  get engines(): readonly EngineSummary[] {
    return this.#engines;
  }

  /** Empty: the first that can run the model. */
  get engineId(): string {
    return this.#engineId;
  }

  set engineId(id: string) {
    this.#engineId = id;
    this.#remember('engine', id);
  }

  /** 0: as many as are fastest here. */
  get threads(): number {
    return this.#threads;
  }

  set threads(count: number) {
    this.#threads = count;
    this.#remember('threads', count);
  }

  async loadEngines(): Promise<void> {
    if (this.#engines.length === 0) this.#engines = await this.listEngines();
  }

  get sets(): readonly LoadedSet[] {
    return this.#sets;
  }

  /** The sets could not be loaded. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get modelId(): string {
    return this.#modelId;
  }

  /** With the artifact that the model was last used by. */
  set modelId(id: string) {
    this.#choose(id, this.#recent.find(({ modelId }) => modelId === id)?.artifactId ?? '');
  }

  /** Chooses a model, of the catalog or another, and one of its artifacts; it is offered from then on. */
  use(model: Model, artifactId: string): void {
    if (!this.catalog.some(({ id }) => id === model.id)) {
      this.#added = [model, ...this.#added.filter(({ id }) => id !== model.id)].slice(0, MOST_RECENT);
      this.#remember('added-models', this.#added);
    }
    const others = this.#recent.filter(({ modelId }) => modelId !== model.id);
    this.#recent = [{ modelId: model.id, artifactId }, ...others].slice(0, MOST_RECENT);
    this.#remember('recent-models', this.#recent);
    this.#choose(model.id, artifactId);
  }

  /** A model of the person's own is no longer offered. */
  forget(modelId: string): void {
    if (!this.#added.some(({ id }) => id === modelId)) return;
    this.#added = this.#added.filter(({ id }) => id !== modelId);
    this.#remember('added-models', this.#added);
    if (this.#modelId === modelId) this.modelId = this.catalog[0]?.id ?? '';
  }

  get setId(): string {
    return this.#setId;
  }

  set setId(id: string) {
    this.#setId = id;
    this.#remember('set', id);
  }

  get sampling(): Sampling {
    return this.#sampling;
  }

  /** Of the catalog, and those that were used besides. */
  get models(): readonly Model[] {
    return [...this.catalog, ...this.#added];
  }

  /** The bundled models, the chosen one and those used lately. */
  get offered(): readonly Model[] {
    return this.models.filter(
      ({ id, bundled }) =>
        bundled || id === this.#modelId || this.#recent.some(({ modelId }) => modelId === id),
    );
  }

  get model(): Model | undefined {
    return this.models.find((model) => model.id === this.#modelId);
  }

  /** The chosen artifact of the chosen model. */
  get artifact(): Artifact | undefined {
    const artifacts = this.model?.artifacts ?? [];
    return artifacts.find(({ id }) => id === this.#artifactId) ?? artifacts[0];
  }

  get backend(): BackendChoice {
    return this.#backend;
  }

  set backend(backend: BackendChoice) {
    this.#backend = backend;
    this.#remember('backend', backend);
  }

  get set(): LoadedSet | undefined {
    return this.#sets.find(({ testSet }) => testSet.id === this.#setId);
  }

  /** @param language of the page: decides the set for a first visit */
  async load(language: string): Promise<void> {
    this.#fault = undefined;
    try {
      const [sets, sampling, setId, modelId, engineId, threads, artifactId, recent, added, backend] =
        await Promise.all([
          this.loadSets(),
          this.#recall('sampling'),
          this.#recall('set'),
          this.#recall('model'),
          this.#recall('engine'),
          this.#recall('threads'),
          this.#recall('artifact'),
          this.#recall('recent-models'),
          this.#recall('added-models'),
          this.#recall('backend'),
        ]);
      this.#sets = sets;
      if (sampling !== undefined) this.#sampling = readSampling(sampling);
      if (typeof engineId === 'string') this.#engineId = engineId;
      if (isThreadCount(threads)) this.#threads = threads;
      this.#backend = BACKENDS.find((each) => each === backend) ?? this.#backend;
      if (added !== undefined) this.#added = readList(added, parseModel);
      if (recent !== undefined) this.#recent = readList(recent, (each) => parseWith(useSchema, each, 'use'));
      if (this.models.some(({ id }) => id === modelId)) this.#modelId = String(modelId);
      if (typeof artifactId === 'string') this.#artifactId = artifactId;
      const remembered = sets.find(({ testSet }) => testSet.id === setId);
      const inLanguage = sets.find(({ testSet }) => testSet.language === language);
      if (this.#setId === '') this.#setId = (remembered ?? inLanguage ?? sets[0])?.testSet.id ?? '';
    } catch (error) {
      this.#fault = toFault(error);
    }
  }

  /** @throws FaultError `bad-input` when out of bounds */
  changeSampling(change: Partial<Sampling>): void {
    this.#sampling = parseWith(samplingSchema, { ...this.#sampling, ...change }, 'sampling');
    this.#remember('sampling', this.#sampling);
  }

  resetSettings(): void {
    this.changeSampling(DEFAULT_SAMPLING);
    this.engineId = '';
    this.threads = 0;
    this.backend = 'auto';
  }

  #choose(modelId: string, artifactId: string): void {
    this.#modelId = modelId;
    this.#artifactId = artifactId;
    this.#remember('model', modelId);
    this.#remember('artifact', artifactId);
  }

  /** A browser that forbids storage is no reason not to run. */
  #remember(key: string, value: unknown): void {
    this.#touched.push(key);
    void this.settings.set(key, value).catch(() => undefined);
  }

  async #recall(key: string): Promise<unknown> {
    const stored = await this.settings.get(key).catch(() => undefined);
    return this.#touched.includes(key) ? undefined : stored;
  }
}

/** What this device had when it was stored, another may not have: more threads than cores only slow it down. */
function isThreadCount(stored: unknown): stored is number {
  return Number.isInteger(stored) && Number(stored) >= 0 && Number(stored) <= 64;
}

function readSampling(stored: unknown): Sampling {
  try {
    return parseWith(samplingSchema, stored, 'sampling');
  } catch {
    // Written by another version: the defaults are as good a start.
    return DEFAULT_SAMPLING;
  }
}

/** What of a stored list can still be read. */
function readList<Item>(stored: unknown, parse: (each: unknown) => Item): readonly Item[] {
  if (!Array.isArray(stored)) return [];
  return stored.slice(0, MOST_RECENT).flatMap((each) => {
    try {
      return [parse(each)];
    } catch {
      // Of another version of this page.
      return [];
    }
  });
}
