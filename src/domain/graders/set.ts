import * as v from 'valibot';
import { dropEcho, type Place, readEnd, SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';
import {
  dropReasonClauses,
  findFinalPart,
  findMeant,
  fold,
  indexNames,
  isAlternative,
  itemSchema,
  simplify,
  type Item,
} from './items';

const items = (fewest: number) => v.pipe(v.array(itemSchema), v.minLength(fewest), v.maxLength(100));

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** What the answer has to name: all of it and nothing else, in any order. None: the answer says "none". */
  value: items(0),
  /** What it could have named. Without it, the choices of the case; without these, the answer is read as a list. */
  options: v.optional(items(1)),
});

const NONE =
  /(?<!\p{L})(?:none|nobody|no one|nothing|empty|никто|никого|ничего|ни один|ни одного|пусто\p{L}*)(?!\p{L})/iu;

/** The answer names exactly these things. The score is Jaccard's: shared ones over all that either names. */
export const set = defineGrader({
  id: 'set',
  form: 'list',
  parse: (spec) => {
    const options = parseWith(optionsSchema, spec, 'set grader');
    const known = joinItems(options.value, options.options ?? []);
    indexNames(known, 'set grader');
    return options;
  },
  grade: (answer, { value, options }, testCase) => {
    const choices = testCase.choices?.map((text) => ({ text, aliases: [] }));
    const universe = options ?? choices;
    const known = joinItems(value, universe ?? []);
    const names = indexNames(known, 'set grader');
    const isName = (sentence: string) => names.has(fold(sentence));
    const text = dropEcho(simplify(readEnd(answer)), simplify(testCase.prompt), isName);
    const part = dropReasonClauses(
      findFinalPart(text, (each) => findMeant(each, names).length > 0 || NONE.test(each.slice(0, 80))),
    );
    const places = findMeant(part, names);
    const found = new Set(places.map(({ option }) => option));
    const extra = universe === undefined ? listUnknown(part, names) : [];
    const shown = {
      expected: show(value.map((each) => each.text)),
      found: show([...[...found].map((index) => known[index]?.text ?? ''), ...extra]),
    };
    if (found.size + extra.length === 0) {
      if (!NONE.test(part)) return fail('no-answer', { expected: shown.expected });
      return value.length === 0 ? pass({}) : fail('different', { expected: shown.expected, found: 'none' });
    }
    if (hasAlternative(part, places)) return fail('ambiguous', shown);
    const right = [...found].filter((index) => index < value.length).length;
    const score = right / (value.length + found.size - right + extra.length);
    return score === 1 ? pass(shown) : { ...fail('different', shown), score };
  },
});

/** The right ones first; the others of the universe after them. */
function joinItems(value: readonly Item[], universe: readonly Item[]): readonly Item[] {
  const named = new Set(value.flatMap(({ text, aliases }) => [text, ...aliases].map(fold)));
  return [
    ...value,
    ...universe.filter((each) => ![each.text, ...each.aliases].some((name) => named.has(fold(name)))),
  ];
}

/** Entries of lists that are none of the known names: "Anna, Boris and Zoe". In a sentence of prose nothing is an entry. */
function listUnknown(part: string, names: ReadonlyMap<string, number>): string[] {
  const known = [...names.keys()];
  const [block = ''] = part.trimStart().split(/\n\s*\n/);
  const unknown = block.split(/[.!?](?:\s|$)|;\s/u).flatMap((sentence) => {
    const entries = sentence
      .split(/[,\n]|(?<!\p{L})(?:and|и)(?!\p{L})/iu)
      .map((entry) => fold(entry.replace(/^[\s*•\-\d.)(:"«\uE000]+|[\s\uE001.)"»]+$/gu, '')))
      .filter((entry) => entry !== '');
    const isList =
      entries.length > 1 && entries.every((entry) => /^[\p{L}\p{N}'-]+(?: [\p{L}\p{N}'-]+)?$/u.test(entry));
    return isList ? entries.filter((entry) => !known.some((name) => entry.includes(name))) : [];
  });
  return [...new Set(unknown)].slice(0, 100);
}

/** "Anna or Boris" names neither. */
function hasAlternative(part: string, places: readonly Place[]): boolean {
  return places.some((place, at) => {
    const next = places[at + 1];
    return (
      next !== undefined && next.option !== place.option && isAlternative(part.slice(place.end, next.start))
    );
  });
}

function show(names: readonly string[]): string {
  return names.join(', ').slice(0, SHOWN_CHARACTERS);
}
