import type { GeneratedItem, PerturbationKind } from '../generators/generator';
import { reorder } from '../generators/generator';
import { countUpTo, createRandom, elementAt, type Random } from '../seeded-stream';
import type { Case, GraderSpec } from '../sets/test-set';

export const PERTURBATION_KINDS = [
  'option-order',
  'entity-renaming',
  'premise-order',
  'irrelevant-premise',
  'negation',
] as const satisfies readonly PerturbationKind[];

/**
 * The case and its variants, one for each kind that makes sense for it, all in one group. A generated item can be varied
 * in every way, and its answer is proven anew; of an authored case nothing is known but its choices. Equal seeds give
 * equal variants.
 */
export function perturb(
  source: Case | GeneratedItem,
  kinds: readonly PerturbationKind[],
  seed: number,
): Case[] {
  const base = 'base' in source ? source.base : source;
  const group = base.group ?? base.id;
  const variants = kinds.flatMap((kind) => {
    const random = createRandom(`${seed} ${base.id} ${kind}`);
    const variant = 'base' in source ? source.vary(kind, random) : varyAuthored(source, kind, random);
    return variant === undefined ? [] : [{ ...variant, group }];
  });
  return [{ ...base, group }, ...variants];
}

/** "All of the above" depends on its place. */
const NAMES_PLACES =
  /(?<!\p{L})(?:above|below|both|neither|none of|выше|ниже|оба|обе|ни од\p{L}+|перечисленн\p{L}+)(?!\p{L})/iu;

function varyAuthored(testCase: Case, kind: PerturbationKind, random: Random): Case | undefined {
  const { choices, graders } = testCase;
  if (kind !== 'option-order' || choices === undefined) return undefined;
  // What other graders have to say about the choices is not known here.
  if (graders.some(({ type }) => type !== 'choice') || choices.some((each) => NAMES_PLACES.test(each))) {
    return undefined;
  }
  const order = reorder(random, countUpTo(choices.length));
  return {
    ...testCase,
    id: `${testCase.id}-${kind}`.slice(0, 80),
    choices: order.map((at) => elementAt(choices, at)),
    graders: graders.map((spec) => moveLetter(spec, choices, order)),
  };
}

/** A grader that names the right choice by its letter, or lists the choices itself, follows the new order. */
function moveLetter(spec: GraderSpec, choices: readonly string[], order: readonly number[]): GraderSpec {
  const { value, options } = spec;
  const isList = Array.isArray(options) && options.length === order.length;
  const listed: readonly unknown[] = isList ? options : [];
  const moved = isList ? { ...spec, options: order.map((at) => listed[at]) } : spec;
  const label = typeof value === 'string' ? value.trim().toUpperCase() : '';
  const at = order.indexOf(label.charCodeAt(0) - 65);
  // A choice that is itself a letter is meant by its text.
  const isText = choices.some((choice) => choice.trim().toUpperCase() === label);
  if (label.length !== 1 || at === -1 || isText || (options !== undefined && !isList)) return moved;
  return { ...moved, value: String.fromCharCode(65 + at) };
}
