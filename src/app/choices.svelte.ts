import type { Sampling } from '../domain/engine';
import { toFault, type Fault } from '../domain/fault';
import type { Model } from '../domain/model';
import { parseWith } from '../domain/parse';
import type { SettingsStore } from '../domain/ports';
import { DEFAULT_SAMPLING, samplingSchema } from '../domain/run';
import type { EngineSummary } from '../worker/protocol';
import type { LoadedSet } from './test-sets';

/**
 * What the next run will be: model, set, sampling. Remembered on this device as soon as it changes, so that neither a
 * closed page nor the reload that brings threads loses it.
 */
export class Choices {
  #modelId = $state('');
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
    readonly models: readonly Model[],
    private readonly settings: SettingsStore,
    private readonly loadSets: () => Promise<readonly LoadedSet[]>,
    private readonly listEngines: () => Promise<readonly EngineSummary[]>,
  ) {
    this.#modelId = models[0]?.id ?? '';
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
  }

  get sampling(): Sampling {
    return this.#sampling;
  }

  get model(): Model | undefined {
    return this.models.find((model) => model.id === this.#modelId);
  }

  get set(): LoadedSet | undefined {
    return this.#sets.find(({ testSet }) => testSet.id === this.#setId);
  }

  /** @param language of the page: decides the set for a first visit */
  async load(language: string): Promise<void> {
    this.#fault = undefined;
    try {
      const [sets, sampling, setId, modelId, engineId, threads] = await Promise.all([
        this.loadSets(),
        this.#recall('sampling'),
        this.#recall('set'),
        this.#recall('model'),
        this.#recall('engine'),
        this.#recall('threads'),
      ]);
      this.#sets = sets;
      if (sampling !== undefined) this.#sampling = readSampling(sampling);
      if (typeof engineId === 'string') this.#engineId = engineId;
      if (isThreadCount(threads)) this.#threads = threads;
      if (this.models.some(({ id }) => id === modelId)) this.#modelId = String(modelId);
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
