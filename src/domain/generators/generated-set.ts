import * as v from 'valibot';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import { perturb, PERTURBATION_KINDS } from '../perturbations/perturb';
import type { TestSet } from '../sets/test-set';
import type { GeneratedItem, PerturbationKind } from './generator';
import { generatorRegistry } from './registry';
import { LANGUAGES } from './wording';

const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

const generatorSpecSchema = v.strictObject({
  generator: v.pipe(
    v.string(),
    v.check((id) => generatorRegistry.has(id), 'no such generator'),
  ),
  seed: whole(0, 0xffff_ffff),
  n: whole(1, 2_000),
  /** From easy to hard. */
  difficulty: whole(1, 5),
  language: v.picklist(LANGUAGES),
  /** Each item is followed by these variants of it. Absent rather than empty, so that equal sets have equal specs. */
  variants: v.exactOptional(
    v.pipe(
      v.array(v.picklist(PERTURBATION_KINDS)),
      v.minLength(1),
      v.maxLength(PERTURBATION_KINDS.length),
      v.check(
        (kinds) => kinds.every((kind, index) => index === 0 || place(kinds[index - 1]) < place(kind)),
        'expected each kind once, in order',
      ),
      v.readonly(),
    ),
  ),
});

/** How a link names the kinds. A letter that is given away must keep its meaning. */
const LETTERS: Readonly<Record<PerturbationKind, string>> = {
  'option-order': 'o',
  'entity-renaming': 'e',
  'premise-order': 'p',
  'irrelevant-premise': 'i',
  negation: 'n',
};

function place(kind: PerturbationKind | undefined): number {
  return PERTURBATION_KINDS.findIndex((each) => each === kind);
}

/** In the order that a spec has them in. */
export function orderKinds(kinds: readonly PerturbationKind[]): readonly PerturbationKind[] {
  return PERTURBATION_KINDS.filter((kind) => kinds.includes(kind));
}

function writeKinds(kinds: readonly PerturbationKind[] = []): readonly string[] {
  return kinds.length === 0 ? [] : [kinds.map((kind) => LETTERS[kind]).join('')];
}

/** A letter that stands for nothing is left for the schema to refuse. */
function readKinds(letters: string | undefined): { readonly variants?: readonly string[] } {
  if (letters === undefined) return {};
  const named = (letter: string) => PERTURBATION_KINDS.find((kind) => LETTERS[kind] === letter) ?? letter;
  return { variants: Array.from(letters, named) };
}

/** A whole set: equal specs give equal sets, on every device. */
export type GeneratorSpec = v.InferOutput<typeof generatorSpecSchema>;

/** @throws FaultError `bad-input` */
export function checkGeneratorSpec(input: unknown): GeneratorSpec {
  return parseWith(generatorSpecSchema, input, 'generator');
}

/**
 * Link text of about 20 characters, as `zebra.3.en.7.100`: generator, difficulty, language, seed, number of items; and
 * `zebra.3.en.7.100.on` with a letter for each kind of variant.
 */
export function encodeGeneratorSpec(spec: GeneratorSpec): string {
  const { generator, difficulty, language, seed, n, variants } = spec;
  return [generator, difficulty, language, seed, n, ...writeKinds(variants)].join('.');
}

/** @throws FaultError `bad-input` */
export function parseGeneratorSpec(text: string): GeneratorSpec {
  const match =
    /^([a-z-]{1,60})\.([1-5])\.([a-z]{2})\.(0|[1-9]\d{0,9})\.([1-9]\d{0,3})(?:\.([a-z]{1,9}))?$/.exec(text);
  if (match === null) throw badInput('generator', 'expected generator.difficulty.language.seed.n');
  const [, generator, difficulty, language, seed, n, kinds] = match;
  return checkGeneratorSpec({
    generator,
    difficulty: Number(difficulty),
    language,
    seed: Number(seed),
    n: Number(n),
    ...readKinds(kinds),
  });
}

/** `gen-zebra-7-100-3-en`: generator, seed, number of items, difficulty, language, and the variants' letters. */
export function nameGeneratedSet(spec: GeneratorSpec): string {
  const { generator, seed, n, difficulty, language, variants } = spec;
  return ['gen', generator, seed, n, difficulty, language, ...writeKinds(variants)].join('-');
}

/**
 * The spec that a set's id names, so that a shared run needs no more than the id and the hash of its set to be run
 * again; undefined for the id of any other set.
 */
export function findGeneratorSpec(setId: string): GeneratorSpec | undefined {
  const match = /^gen-([a-z-]{1,60})-(\d+)-(\d+)-(\d)-([a-z]{2})(?:-([a-z]{1,9}))?$/.exec(setId);
  if (match === null) return undefined;
  const [, generator, seed, n, difficulty, language, kinds] = match;
  const spec = {
    generator,
    seed: Number(seed),
    n: Number(n),
    difficulty: Number(difficulty),
    language,
    ...readKinds(kinds),
  };
  const parsed = v.safeParse(generatorSpecSchema, spec);
  return parsed.success && nameGeneratedSet(parsed.output) === setId ? parsed.output : undefined;
}

/** What the variants are made of. @throws FaultError `bad-input` */
export function buildGeneratedItems(spec: GeneratorSpec): GeneratedItem[] {
  const { generator, variants: _variants, ...options } = checkGeneratorSpec(spec);
  return generatorRegistry.get(generator)?.generateItems(options) ?? [];
}

/** @throws FaultError `bad-input` */
export function buildGeneratedSet(spec: GeneratorSpec): TestSet {
  const checked = checkGeneratorSpec(spec);
  const { generator, difficulty, language, seed, variants } = checked;
  const items = buildGeneratedItems(checked);
  const title = generatorRegistry.get(generator)?.title[language] ?? generator;
  return {
    id: nameGeneratedSet(checked),
    title: `${title} ${difficulty}/5 #${seed}${variants === undefined ? '' : ` +${variants.length}`}`,
    language,
    licence: 'Apache-2.0',
    source: `WizardBench ${encodeGeneratorSpec(checked)}`,
    cases: items.flatMap((item) => (variants === undefined ? item.base : perturb(item, variants, seed))),
  };
}
