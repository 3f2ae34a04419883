import { toFault, type Fault } from '../domain/fault';
import {
  buildGeneratedItems,
  buildGeneratedSet,
  checkGeneratorSpec,
  encodeGeneratorSpec,
  parseGeneratorSpec,
  type GeneratorSpec,
} from '../domain/generators/generated-set';
import { generatorRegistry } from '../domain/generators/registry';
import type { PerturbationKind } from '../domain/generators/generator';
import { PERTURBATION_KINDS, perturb } from '../domain/perturbations/perturb';
import type { Case, TestSet } from '../domain/test-set';

const SHOWN_ITEMS = 3;
const FIRST: GeneratorSpec = {
  generator: 'knights-and-knaves',
  seed: 1,
  n: 20,
  difficulty: 2,
  language: 'en',
};

/** What a person asks the generators for. */
export class GeneratorDraft {
  #spec = $state.raw<GeneratorSpec>(FIRST);
  #kinds = $state.raw<readonly PerturbationKind[]>([]);
  #fault = $state.raw<Fault | undefined>();

  constructor(language: string) {
    this.#spec = { ...FIRST, language: language === 'ru' ? 'ru' : 'en' };
  }

  get spec(): GeneratorSpec {
    return this.#spec;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get kinds(): readonly PerturbationKind[] {
    return this.#kinds;
  }

  /** What to choose the family from, in the reader's language. */
  listFamilies(language: string): readonly { readonly id: string; readonly title: string }[] {
    return [...generatorRegistry.values()].map(({ id, title }) => ({
      id,
      title: title[language === 'ru' ? 'ru' : 'en'],
    }));
  }

  get allKinds(): readonly PerturbationKind[] {
    return PERTURBATION_KINDS;
  }

  /** Takes over what is within bounds. */
  change(change: Partial<GeneratorSpec>): void {
    try {
      this.#spec = checkGeneratorSpec({ ...this.#spec, ...change });
      this.#fault = undefined;
    } catch (error) {
      this.#fault = toFault(error);
    }
  }

  /** Reads the text of a link. */
  readLink(text: string): void {
    try {
      this.#spec = parseGeneratorSpec(text);
      this.#kinds = [];
      this.#fault = undefined;
    } catch (error) {
      this.#fault = toFault(error);
    }
  }

  /** The text that a link to this set ends with. */
  get link(): string {
    return encodeGeneratorSpec(this.#spec);
  }

  toggleKind(kind: PerturbationKind): void {
    this.#kinds = this.#kinds.includes(kind)
      ? this.#kinds.filter((each) => each !== kind)
      : [...this.#kinds, kind];
  }

  /** The first cases; the same ones that a longer set begins with. */
  get preview(): readonly Case[] {
    return buildGeneratedItems({ ...this.#spec, n: Math.min(this.#spec.n, SHOWN_ITEMS) }).map(
      ({ base }) => base,
    );
  }

  /** The whole set; with variants it is no longer the one that its link names, and so has another id. */
  build(): TestSet {
    const testSet = buildGeneratedSet(this.#spec);
    const kinds = this.#kinds;
    if (kinds.length === 0) return testSet;
    const cases = buildGeneratedItems(this.#spec).flatMap((item) => perturb(item, kinds, this.#spec.seed));
    return {
      ...testSet,
      id: `varied-${testSet.id}`.slice(0, 80),
      title: `${testSet.title} +${kinds.length}`,
      cases,
    };
  }
}
