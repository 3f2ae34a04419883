import * as v from 'valibot';
import type { BackendChoice } from '../../domain/engine/backends';
import type { Sampling } from '../../domain/engine/engine';
import { toFault, type Fault } from '../../domain/fault';
import { parseModel, type Artifact, type Model } from '../../domain/model/model';
import { parseWith } from '../../domain/parse';
import type { SettingsStore } from '../../domain/run/ports';
import { DEFAULT_SAMPLING, samplingSchema } from '../../domain/run/run';
import type { TestSet } from '../../domain/sets/test-set';
import type { EngineSummary, ModelChoice } from '../../worker/protocol';
import type { RunOrder } from './bench.svelte';
import { isGeneratedId } from '../sets/set-facts';
import { summarise, type LoadedSet, type SetSummary } from '../sets/test-sets';

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
  #sets = $state.raw<readonly SetSummary[]>([]);
  #loaded = $state.raw<readonly LoadedSet[]>([]);
  #engineId = $state('');
  #threads = $state(0);
  #repeats = $state(1);
  #engines = $state.raw<readonly EngineSummary[]>([]);
  #fault = $state.raw<Fault | undefined>();

  /** What a person has changed on this page: no stored choice overrides that. */
  readonly #touched: string[] = [];

  constructor(
    /** Bundled models first. */
    readonly catalog: readonly Model[],
    private readonly settings: SettingsStore,
    bundledSets: readonly SetSummary[],
    private readonly loadSet: (id: string) => Promise<LoadedSet>,
    private readonly listEngines: () => Promise<readonly EngineSummary[]>,
  ) {
    this.#modelId = catalog[0]?.id ?? '';
    this.#sets = bundledSets;
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
    void this.#remember('engine', id);
  }

  /** 0: as many as are fastest here. */
  get threads(): number {
    return this.#threads;
  }

  set threads(count: number) {
    this.#threads = count;
    void this.#remember('threads', count);
  }

  /** How often each question is asked. */
  get repeats(): number {
    return this.#repeats;
  }

  set repeats(count: number) {
    if (!isRepeatCount(count)) return;
    this.#repeats = count;
    void this.#remember('repeats', count);
  }

  async loadEngines(): Promise<void> {
    if (this.#engines.length > 0) return;
    // A worker that dies before it answers is replaced; the next screen asks that one.
    this.#engines = await this.listEngines().catch(() => []);
  }

  /** To choose from; only the chosen one is loaded. */
  get sets(): readonly SetSummary[] {
    return this.#sets;
  }

  /** The chosen set could not be loaded. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get modelId(): string {
    return this.#modelId;
  }

  /** With the artifact that the model was last used by. */
  set modelId(id: string) {
    void this.#choose(id, this.#recent.find(({ modelId }) => modelId === id)?.artifactId ?? '');
  }

  /**
   * Chooses a model, of the catalog or another, and one of its artifacts; it is offered from then on.
   * @returns when that is stored: a reload from then on finds it
   */
  async use(model: Model, artifactId: string): Promise<void> {
    const stored: Promise<void>[] = [];
    if (!this.catalog.some(({ id }) => id === model.id)) {
      this.#added = [model, ...this.#added.filter(({ id }) => id !== model.id)].slice(0, MOST_RECENT);
      stored.push(this.#remember('added-models', this.#added));
    }
    const others = this.#recent.filter(({ modelId }) => modelId !== model.id);
    this.#recent = [{ modelId: model.id, artifactId }, ...others].slice(0, MOST_RECENT);
    stored.push(this.#remember('recent-models', this.#recent), this.#choose(model.id, artifactId));
    await Promise.all(stored);
  }

  /** A model of the person's own is no longer offered. */
  forget(modelId: string): void {
    if (!this.#added.some(({ id }) => id === modelId)) return;
    this.#added = this.#added.filter(({ id }) => id !== modelId);
    void this.#remember('added-models', this.#added);
    if (this.#modelId === modelId) this.modelId = this.catalog[0]?.id ?? '';
  }

  get setId(): string {
    return this.#setId;
  }

  set setId(id: string) {
    this.#setId = id;
    void this.#remember('set', id);
    void this.#loadChosen();
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
    void this.#remember('backend', backend);
  }

  /** Undefined while it is being loaded. */
  get set(): LoadedSet | undefined {
    return this.#loaded.find(({ testSet }) => testSet.id === this.#setId);
  }

  /** The set that a shared run was about, if it is here: a bundled one, or one that can be generated again. */
  async findSet({ id, sha256 }: Pick<SetSummary, 'id' | 'sha256'>): Promise<LoadedSet | undefined> {
    const known = this.#sets.find((each) => each.sha256 === sha256)?.id;
    if (known === undefined && !isGeneratedId(id)) return undefined;
    try {
      const found = await this.open(known ?? id);
      if (found.sha256 !== sha256) return undefined;
      this.#list(found);
      return found;
    } catch {
      return undefined;
    }
  }

  /** @param language of the page: decides the set for a first visit */
  async load(language: string): Promise<void> {
    const [sampling, setId, modelId, engineId, threads, repeats, artifactId, recent, added, backend] =
      await Promise.all([
        this.#recall('sampling'),
        this.#recall('set'),
        this.#recall('model'),
        this.#recall('engine'),
        this.#recall('threads'),
        this.#recall('repeats'),
        this.#recall('artifact'),
        this.#recall('recent-models'),
        this.#recall('added-models'),
        this.#recall('backend'),
      ]);
    if (sampling !== undefined) this.#sampling = readSampling(sampling);
    if (typeof engineId === 'string') this.#engineId = engineId;
    if (isThreadCount(threads)) this.#threads = threads;
    if (isRepeatCount(repeats)) this.#repeats = repeats;
    this.#backend = BACKENDS.find((each) => each === backend) ?? this.#backend;
    if (added !== undefined) this.#added = readList(added, parseModel);
    if (recent !== undefined) this.#recent = readList(recent, (each) => parseWith(useSchema, each, 'use'));
    if (this.models.some(({ id }) => id === modelId)) this.#modelId = String(modelId);
    if (typeof artifactId === 'string') this.#artifactId = artifactId;
    if (this.#setId === '') {
      const remembered = await this.#findRemembered(setId);
      const inLanguage = this.#sets.find((set) => set.language === language);
      const chosen = remembered ?? (inLanguage ?? this.#sets[0])?.id ?? '';
      // Something may have been chosen meanwhile.
      this.#setId ||= chosen;
    }
    await this.#loadChosen();
  }

  async #findRemembered(setId: unknown): Promise<string | undefined> {
    if (typeof setId !== 'string') return undefined;
    if (isGeneratedId(setId)) {
      const generated = await this.open(setId).catch(() => undefined);
      if (generated !== undefined) this.#list(generated);
    }
    return this.#sets.find(({ id }) => id === setId)?.id;
  }

  async #loadChosen(): Promise<void> {
    const id = this.#setId;
    this.#fault = undefined;
    try {
      if (id !== '') await this.open(id);
    } catch (error) {
      if (id === this.#setId) this.#fault = toFault(error);
    }
  }

  /** A set, chosen or not; loaded once. @throws FaultError */
  async open(id: string): Promise<LoadedSet> {
    const known = this.#loaded.find(({ testSet }) => testSet.id === id);
    if (known !== undefined) return known;
    const loaded = await this.loadSet(id);
    this.#loaded = [...this.#loaded, loaded];
    return loaded;
  }

  /** Sets kept on this device join those to choose from; in place of older versions of them. */
  offer(summaries: readonly SetSummary[]): void {
    const isOld = ({ id }: SetSummary) => summaries.some((each) => each.id === id);
    this.#sets = [...this.#sets.filter((set) => !isOld(set)), ...summaries];
  }

  /** A new version of a set, to be used from now on. */
  replace(set: LoadedSet): void {
    const { id } = set.testSet;
    this.#loaded = [...this.#loaded.filter(({ testSet }) => testSet.id !== id), set];
    const at = this.#sets.findIndex((each) => each.id === id);
    this.#sets = at < 0 ? [...this.#sets, summarise(set)] : this.#sets.with(at, summarise(set));
  }

  /** A set that is gone; where it was chosen, the first is. */
  withdraw(id: string): void {
    this.#sets = this.#sets.filter((each) => each.id !== id);
    this.#loaded = this.#loaded.filter(({ testSet }) => testSet.id !== id);
    if (this.#setId === id) this.setId = this.#sets[0]?.id ?? '';
  }

  /** The chosen model and how it is to be run; undefined without a model. */
  get modelChoice(): ModelChoice | undefined {
    const { artifact } = this;
    if (this.model === undefined || artifact === undefined) return undefined;
    return {
      model: this.model,
      artifactId: artifact.id,
      backend: this.#backend,
      ...(this.#engineId !== '' && { engineId: this.#engineId }),
      ...(this.#threads > 0 && { threads: this.#threads }),
    };
  }

  /** What a run of this set with the present choices is; undefined without a model. */
  order(testSet: TestSet): RunOrder | undefined {
    const { modelChoice } = this;
    if (modelChoice === undefined) return undefined;
    return {
      ...modelChoice,
      testSet,
      sampling: this.#sampling,
      ...(this.#repeats > 1 && { repeats: this.#repeats }),
    };
  }

  /** One that is not bundled joins those to choose from. */
  #list(set: LoadedSet): void {
    if (!this.#sets.some(({ id }) => id === set.testSet.id)) this.#sets = [...this.#sets, summarise(set)];
  }

  /** @throws FaultError `bad-input` when out of bounds */
  changeSampling(change: Partial<Sampling>): void {
    this.#sampling = parseWith(samplingSchema, { ...this.#sampling, ...change }, 'sampling');
    void this.#remember('sampling', this.#sampling);
  }

  resetSettings(): void {
    this.changeSampling(DEFAULT_SAMPLING);
    this.engineId = '';
    this.threads = 0;
    this.repeats = 1;
    this.backend = 'auto';
  }

  async #choose(modelId: string, artifactId: string): Promise<void> {
    this.#modelId = modelId;
    this.#artifactId = artifactId;
    await Promise.all([this.#remember('model', modelId), this.#remember('artifact', artifactId)]);
  }

  /** A browser that forbids storage is no reason not to run. */
  async #remember(key: string, value: unknown): Promise<void> {
    this.#touched.push(key);
    await this.settings.set(key, value).catch(() => undefined);
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

/** More answers to each question than this, nobody waits for in a page. */
export const MOST_REPEATS = 32;

function isRepeatCount(stored: unknown): stored is number {
  return Number.isInteger(stored) && Number(stored) >= 1 && Number(stored) <= MOST_REPEATS;
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
