import type { Sampling } from '../domain/engine';
import { toFault, type Fault } from '../domain/fault';
import type { Model } from '../domain/model';
import { parseWith } from '../domain/parse';
import type { SettingsStore } from '../domain/ports';
import { DEFAULT_SAMPLING, samplingSchema } from '../domain/run';
import type { TestSet } from '../domain/test-set';
import type { EngineSummary } from '../worker/protocol';
import type { RunOrder } from './bench.svelte';
import { isGeneratedId } from './sets.svelte';
import { summarise, type LoadedSet, type SetSummary } from './test-sets';

/**
 * What the next run will be: model, set, sampling. Remembered on this device as soon as it changes, so that neither a
 * closed page nor the reload that brings threads loses it.
 */
export class Choices {
  #modelId = $state('');
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
    readonly models: readonly Model[],
    private readonly settings: SettingsStore,
    bundledSets: readonly SetSummary[],
    private readonly loadSet: (id: string) => Promise<LoadedSet>,
    private readonly listEngines: () => Promise<readonly EngineSummary[]>,
  ) {
    this.#modelId = models[0]?.id ?? '';
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

  /** How often each question is asked. */
  get repeats(): number {
    return this.#repeats;
  }

  set repeats(count: number) {
    if (!isRepeatCount(count)) return;
    this.#repeats = count;
    this.#remember('repeats', count);
  }

  async loadEngines(): Promise<void> {
    if (this.#engines.length === 0) this.#engines = await this.listEngines();
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

  set modelId(id: string) {
    this.#modelId = id;
    this.#remember('model', id);
  }

  get setId(): string {
    return this.#setId;
  }

  set setId(id: string) {
    this.#setId = id;
    this.#remember('set', id);
    void this.#loadChosen();
  }

  get sampling(): Sampling {
    return this.#sampling;
  }

  get model(): Model | undefined {
    return this.models.find((model) => model.id === this.#modelId);
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
    const [sampling, setId, modelId, engineId, threads, repeats] = await Promise.all([
      this.#recall('sampling'),
      this.#recall('set'),
      this.#recall('model'),
      this.#recall('engine'),
      this.#recall('threads'),
      this.#recall('repeats'),
    ]);
    if (sampling !== undefined) this.#sampling = readSampling(sampling);
    if (typeof engineId === 'string') this.#engineId = engineId;
    if (isThreadCount(threads)) this.#threads = threads;
    if (isRepeatCount(repeats)) this.#repeats = repeats;
    if (this.models.some(({ id }) => id === modelId)) this.#modelId = String(modelId);
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
    const ids = new Set(summaries.map(({ id }) => id));
    this.#sets = [...this.#sets.filter(({ id }) => !ids.has(id)), ...summaries];
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

  /** What a run of this set with the present choices is; undefined without a model. */
  order(testSet: TestSet): RunOrder | undefined {
    const artifact = this.model?.artifacts[0];
    if (this.model === undefined || artifact === undefined) return undefined;
    return {
      model: this.model,
      artifactId: artifact.id,
      testSet,
      sampling: this.#sampling,
      ...(this.#engineId !== '' && { engineId: this.#engineId }),
      ...(this.#threads > 0 && { threads: this.#threads }),
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
    this.#remember('sampling', this.#sampling);
  }

  resetSettings(): void {
    this.changeSampling(DEFAULT_SAMPLING);
    this.engineId = '';
    this.threads = 0;
    this.repeats = 1;
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
