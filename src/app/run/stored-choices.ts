import * as v from 'valibot';
import { BACKENDS, type BackendChoice } from '../../domain/engine/backends';
import type { Sampling } from '../../domain/engine/engine';
import { parseModel, type Model } from '../../domain/model/model';
import { parseWith } from '../../domain/parse';
import type { SettingsStore } from '../../domain/run/ports';
import { DEFAULT_SAMPLING, samplingSchema } from '../../domain/run/run';

/** Models used lately that the Run screen offers besides the bundled ones. */
export const MOST_RECENT = 6;
/** More answers to each question than this, nobody waits for in a page. */
export const MOST_REPEATS = 32;
const MOST_THREADS = 64;
const BACKEND_CHOICES: readonly BackendChoice[] = ['auto', ...BACKENDS];

/** A model that was used, with the artifact it was used by. */
export interface Use {
  readonly modelId: string;
  readonly artifactId: string;
}
const useSchema = v.object({ modelId: v.string(), artifactId: v.string() });

/** What could still be read of the last choices; other versions of this page may have written them. */
interface StoredChoices {
  readonly sampling?: Sampling;
  readonly setId?: string;
  readonly modelId?: string;
  readonly artifactId?: string;
  readonly engineId?: string;
  readonly threads?: number;
  readonly repeats?: number;
  readonly recent?: readonly Use[];
  readonly added?: readonly Model[];
  readonly backend?: BackendChoice;
}

/** Each choice under a key of its own. */
const KEYS = {
  sampling: 'sampling',
  setId: 'set',
  modelId: 'model',
  artifactId: 'artifact',
  engineId: 'engine',
  threads: 'threads',
  repeats: 'repeats',
  recent: 'recent-models',
  added: 'added-models',
  backend: 'backend',
} as const satisfies Record<keyof StoredChoices, string>;
type Choice = keyof StoredChoices;

const READERS: { readonly [Key in Choice]-?: (stored: unknown) => StoredChoices[Key] } = {
  sampling: readSampling,
  setId: readText,
  modelId: readText,
  artifactId: readText,
  engineId: readText,
  threads: (stored) => readCount(stored, 0, MOST_THREADS),
  repeats: (stored) => readCount(stored, 1, MOST_REPEATS),
  recent: (stored) => readList(stored, (each) => parseWith(useSchema, each, 'use')),
  added: (stored) => readList(stored, parseModel),
  backend: (stored) => BACKEND_CHOICES.find((each) => each === stored),
};

/** Remembers choices on this device. A browser that forbids storage is no reason not to run. */
export class ChoiceMemory {
  /** What a person has changed on this page: no stored choice overrides that. */
  readonly #touched = new Set<Choice>();

  constructor(private readonly settings: SettingsStore) {}

  /** @returns when it is stored: a reload from then on finds it */
  async remember<Key extends Choice>(choice: Key, value: NonNullable<StoredChoices[Key]>): Promise<void> {
    this.#touched.add(choice);
    await this.settings.set(KEYS[choice], value).catch(() => undefined);
  }

  /** What was remembered before, less what has been chosen since. */
  async recall(): Promise<StoredChoices> {
    const choices = Object.keys(KEYS) as readonly Choice[];
    const found = await Promise.all(
      choices.map(async (choice) => {
        const stored = await this.settings.get(KEYS[choice]).catch(() => undefined);
        return [choice, stored === undefined ? undefined : READERS[choice](stored)] as const;
      }),
    );
    return Object.fromEntries(
      found.filter(([choice, value]) => value !== undefined && !this.#touched.has(choice)),
    );
  }
}

function readText(stored: unknown): string | undefined {
  return typeof stored === 'string' ? stored : undefined;
}

/** What this device had when it was stored, another may not have: more threads than cores only slow it down. */
function readCount(stored: unknown, least: number, most: number): number | undefined {
  return typeof stored === 'number' && isCount(stored, least, most) ? stored : undefined;
}

function isCount(count: number, least: number, most: number): boolean {
  return Number.isInteger(count) && count >= least && count <= most;
}

export function isRepeatCount(count: number): boolean {
  return isCount(count, 1, MOST_REPEATS);
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
