import * as v from 'valibot';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import type { TestSet } from '../test-set';
import type { GeneratedItem } from './generator';
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
});

/** A whole set: equal specs give equal sets, on every device. */
export type GeneratorSpec = v.InferOutput<typeof generatorSpecSchema>;

/** @throws FaultError `bad-input` */
export function checkGeneratorSpec(input: unknown): GeneratorSpec {
  return parseWith(generatorSpecSchema, input, 'generator');
}

/** Link text of about 20 characters, as `zebra.3.en.7.100`: generator, difficulty, language, seed, number of cases. */
export function encodeGeneratorSpec({ generator, difficulty, language, seed, n }: GeneratorSpec): string {
  return [generator, difficulty, language, seed, n].join('.');
}

/** @throws FaultError `bad-input` */
export function parseGeneratorSpec(text: string): GeneratorSpec {
  const match = /^([a-z-]{1,60})\.([1-5])\.([a-z]{2})\.(0|[1-9]\d{0,9})\.([1-9]\d{0,3})$/.exec(text);
  if (match === null) throw badInput('generator', 'expected generator.difficulty.language.seed.n');
  const [, generator, difficulty, language, seed, n] = match;
  return checkGeneratorSpec({
    generator,
    difficulty: Number(difficulty),
    language,
    seed: Number(seed),
    n: Number(n),
  });
}

/** `gen-zebra-7-100-3-en`: generator, seed, number of cases, difficulty, language. */
export function nameGeneratedSet({ generator, seed, n, difficulty, language }: GeneratorSpec): string {
  return ['gen', generator, seed, n, difficulty, language].join('-');
}

/**
 * The spec that a set's id names, so that a shared run needs no more than the id and the hash of its set to be run
 * again; undefined for the id of any other set.
 */
export function findGeneratorSpec(setId: string): GeneratorSpec | undefined {
  const match = /^gen-([a-z-]{1,60})-(\d+)-(\d+)-(\d)-([a-z]{2})$/.exec(setId);
  if (match === null) return undefined;
  const [, generator, seed, n, difficulty, language] = match;
  const spec = {
    generator,
    seed: Number(seed),
    n: Number(n),
    difficulty: Number(difficulty),
    language,
  };
  const parsed = v.safeParse(generatorSpecSchema, spec);
  return parsed.success && nameGeneratedSet(parsed.output) === setId ? parsed.output : undefined;
}

/** @throws FaultError `bad-input` */
export function buildGeneratedItems(spec: GeneratorSpec): GeneratedItem[] {
  const { generator, ...options } = checkGeneratorSpec(spec);
  return generatorRegistry.get(generator)?.generateItems(options) ?? [];
}

/** @throws FaultError `bad-input` */
export function buildGeneratedSet(spec: GeneratorSpec): TestSet {
  const checked = checkGeneratorSpec(spec);
  const { generator, difficulty, language, seed } = checked;
  const title = generatorRegistry.get(generator)?.title[language] ?? generator;
  return {
    id: nameGeneratedSet(checked),
    title: `${title} ${difficulty}/5 #${seed}`,
    language,
    licence: 'Apache-2.0',
    source: `WizardBench ${encodeGeneratorSpec(checked)}`,
    cases: buildGeneratedItems(checked).map(({ base }) => base),
  };
}
