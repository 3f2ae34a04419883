import { toFault, type Fault } from '../../domain/fault';
import {
  buildGeneratedItems,
  buildGeneratedSet,
  checkGeneratorSpec,
  encodeGeneratorSpec,
  orderKinds,
  parseGeneratorSpec,
  type GeneratorSpec,
} from '../../domain/generators/generated-set';
import { generatorRegistry } from '../../domain/generators/registry';
import type { PerturbationKind } from '../../domain/generators/generator';
import { PERTURBATION_KINDS } from '../../domain/perturbations/perturb';
import type { Case, TestSet } from '../../domain/sets/test-set';

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
    return this.#spec.variants ?? [];
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
    const { variants: _variants, ...spec } = this.#spec;
    const kinds = this.kinds.includes(kind)
      ? this.kinds.filter((each) => each !== kind)
      : orderKinds([...this.kinds, kind]);
    this.#spec = { ...spec, ...(kinds.length > 0 && { variants: kinds }) };
  }

  /** The first cases; the same ones that a longer set begins with. */
  get preview(): readonly Case[] {
    return buildGeneratedItems({ ...this.#spec, n: Math.min(this.#spec.n, SHOWN_ITEMS) }).map(
      ({ base }) => base,
    );
  }

  build(): TestSet {
    return buildGeneratedSet(this.#spec);
  }
}
