import type { BackendChoice } from '../../domain/engine/backends';
import type { Sampling } from '../../domain/engine/engine';
import { toFault, type Fault } from '../../domain/fault';
import { speaks, type Artifact, type Model } from '../../domain/model/model';
import { parseWith } from '../../domain/parse';
import type { SettingsStore } from '../../domain/run/ports';
import { DEFAULT_SAMPLING, samplingSchema } from '../../domain/run/run';
import type { TestSet } from '../../domain/sets/test-set';
import type { EngineSummary, ModelChoice } from '../../worker/protocol';
import { SetShelf } from '../sets/set-shelf.svelte';
import type { LoadedSet, SetSummary } from '../sets/test-sets';
import { makeOrder, type RunOrder } from './run-order';
import { ChoiceMemory, isRepeatCount, MOST_RECENT, type Use } from './stored-choices';

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
  #engineId = $state('');
  #threads = $state(0);
  #repeats = $state(1);
  #engines = $state.raw<readonly EngineSummary[]>([]);
  #fault = $state.raw<Fault | undefined>();
  #setAside = $state.raw<Sampling | undefined>();

  readonly #memory: ChoiceMemory;
  readonly #shelf: SetShelf;

  constructor(
    /** Bundled models first. */
    readonly catalog: readonly Model[],
    settings: SettingsStore,
    bundledSets: readonly SetSummary[],
    loadSet: (id: string) => Promise<LoadedSet>,
    private readonly listEngines: () => Promise<readonly EngineSummary[]>,
  ) {
    this.#modelId = catalog[0]?.id ?? '';
    this.#memory = new ChoiceMemory(settings);
    this.#shelf = new SetShelf(bundledSets, loadSet);
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
    void this.#memory.remember('engineId', id);
  }

  /** 0: as many as are fastest here. */
  get threads(): number {
    return this.#threads;
  }

  set threads(count: number) {
    this.#threads = count;
    void this.#memory.remember('threads', count);
  }

  /** How often each question is asked. */
  get repeats(): number {
    return this.#repeats;
  }

  set repeats(count: number) {
    if (!isRepeatCount(count)) return;
    this.#repeats = count;
    void this.#memory.remember('repeats', count);
  }

  async loadEngines(): Promise<void> {
    if (this.#engines.length > 0) return;
    // A worker that dies before it answers is replaced; the next screen asks that one.
    this.#engines = await this.listEngines().catch(() => []);
  }

  /** To choose from; only the chosen one is loaded. */
  get sets(): readonly SetSummary[] {
    return this.#shelf.summaries;
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
      stored.push(this.#memory.remember('added', this.#added));
    }
    const others = this.#recent.filter(({ modelId }) => modelId !== model.id);
    this.#recent = [{ modelId: model.id, artifactId }, ...others].slice(0, MOST_RECENT);
    stored.push(this.#memory.remember('recent', this.#recent), this.#choose(model.id, artifactId));
    await Promise.all(stored);
  }

  /** A model of the person's own is no longer offered. */
  forget(modelId: string): void {
    if (!this.#added.some(({ id }) => id === modelId)) return;
    this.#added = this.#added.filter(({ id }) => id !== modelId);
    void this.#memory.remember('added', this.#added);
    if (this.#modelId === modelId) this.modelId = this.catalog[0]?.id ?? '';
  }

  get setId(): string {
    return this.#setId;
  }

  set setId(id: string) {
    this.#setId = id;
    void this.#memory.remember('setId', id);
    void this.#loadChosen();
  }

  get sampling(): Sampling {
    return this.#sampling;
  }

  /** What was chosen for the model before this one, where that was not the default: it waits to be taken over. */
  get setAside(): Sampling | undefined {
    return this.#setAside;
  }

  takeOver(): void {
    if (this.#setAside !== undefined) this.changeSampling(this.#setAside);
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
    void this.#memory.remember('backend', backend);
  }

  /** Undefined while it is being loaded. */
  get set(): LoadedSet | undefined {
    return this.#shelf.findLoaded(this.#setId);
  }

  /** The set that a shared run was about, if it is here: a bundled one, or one that can be generated again. */
  findSet(set: Pick<SetSummary, 'id' | 'sha256'>): Promise<LoadedSet | undefined> {
    return this.#shelf.findSame(set);
  }

  /** @param language of the page: decides the set for a first visit */
  async load(language: string): Promise<void> {
    const stored = await this.#memory.recall();
    this.#sampling = stored.sampling ?? this.#sampling;
    this.#engineId = stored.engineId ?? this.#engineId;
    this.#threads = stored.threads ?? this.#threads;
    this.#repeats = stored.repeats ?? this.#repeats;
    this.#backend = stored.backend ?? this.#backend;
    this.#added = stored.added ?? this.#added;
    this.#recent = stored.recent ?? this.#recent;
    const { modelId } = stored;
    if (modelId !== undefined && this.models.some(({ id }) => id === modelId)) this.#modelId = modelId;
    this.#artifactId = stored.artifactId ?? this.#artifactId;
    if (this.#setId === '') {
      const remembered =
        stored.setId === undefined ? undefined : await this.#shelf.findChosenBefore(stored.setId);
      const inLanguage = this.#findFirstSet(language);
      const chosen = remembered ?? (inLanguage ?? this.sets[0])?.id ?? '';
      // Something may have been chosen meanwhile.
      this.#setId ||= chosen;
    }
    await this.#loadChosen();
  }

  /** For a first visit: in the reader's language, unless the model was made for others. */
  #findFirstSet(language: string): SetSummary | undefined {
    const { model } = this;
    const understood = this.sets.filter(
      (set) => model === undefined || speaks(model, set.language) !== false,
    );
    return understood.find((set) => set.language === language) ?? understood[0];
  }

  /** The chosen set, and the model was not made for its language. */
  get isForeignSet(): boolean {
    const set = this.sets.find(({ id }) => id === this.#setId);
    return set !== undefined && this.understands(set.language) === false;
  }

  /** Whether the chosen model was made for a language; undefined where nothing is known. @param tag BCP 47 */
  understands(tag: string): boolean | undefined {
    return this.model && speaks(this.model, tag);
  }

  /** Models that were made for a language, the smaller first. @param tag BCP 47 */
  findSpeakers(tag: string): readonly Model[] {
    return this.catalog
      .filter((model) => model.artifacts.length > 0 && speaks(model, tag) === true)
      .toSorted((a, b) => a.parameters - b.parameters);
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
  open(id: string): Promise<LoadedSet> {
    return this.#shelf.open(id);
  }

  /** Sets kept on this device join those to choose from; in place of older versions of them. */
  offer(summaries: readonly SetSummary[]): void {
    this.#shelf.offer(summaries);
  }

  /** A new version of a set, to be used from now on. */
  replace(set: LoadedSet): void {
    this.#shelf.replace(set);
  }

  /** A set that is gone; where it was chosen, the first is. */
  withdraw(id: string): void {
    this.#shelf.withdraw(id);
    if (this.#setId === id) this.setId = this.sets[0]?.id ?? '';
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
    const { modelChoice, sampling, repeats } = this;
    return modelChoice === undefined ? undefined : makeOrder(modelChoice, testSet, { sampling, repeats });
  }

  /** @throws FaultError `bad-input` when out of bounds */
  changeSampling(change: Partial<Sampling>): void {
    this.#sampling = parseWith(samplingSchema, { ...this.#sampling, ...change }, 'sampling');
    this.#setAside = undefined;
    void this.#memory.remember('sampling', this.#sampling);
  }

  resetSettings(): void {
    this.changeSampling(DEFAULT_SAMPLING);
    this.engineId = '';
    this.threads = 0;
    this.repeats = 1;
    this.backend = 'auto';
  }

  async #choose(modelId: string, artifactId: string): Promise<void> {
    if (modelId !== this.#modelId) this.#resetTemperature();
    this.#modelId = modelId;
    this.#artifactId = artifactId;
    await Promise.all([
      this.#memory.remember('modelId', modelId),
      this.#memory.remember('artifactId', artifactId),
    ]);
  }

  /** A temperature is chosen for one model; that the next one is asked otherwise, nobody would notice. */
  #resetTemperature(): void {
    const { temperature, topP, topK, seed } = DEFAULT_SAMPLING;
    const { maxTokens } = this.#sampling;
    const reset = { temperature, topP, topK, seed, maxTokens };
    if (this.#sampling.temperature === temperature) return;
    const before = this.#sampling;
    this.changeSampling(reset);
    this.#setAside = before;
  }
}
