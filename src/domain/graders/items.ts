import * as v from 'valibot';
import {
  answerMarker,
  findConclusion,
  findNames,
  isDenied,
  isDenialCarriedOn,
  isExcluded,
  isSupposed,
  measureDoubt,
  NEAR,
  type Place,
  textAfter,
  textBefore,
  unifyLetters,
  unwrapLatex,
  unwrapMarkdown,
} from '../text/answer-text';
import { badInput } from '../fault';

/** Things that an answer names, and where it names them: shared by the graders that look for names in prose. */

export const nameSchema = v.pipe(
  v.string(),
  v.regex(/[\p{L}\p{N}]/u, 'expected a letter or a digit'),
  v.maxLength(2_000),
);

/** A name, or a name with other ways to write it, such as the cases of a Russian one. */
export const itemSchema = v.union([
  v.pipe(
    nameSchema,
    v.transform((text) => ({ text, aliases: [] as string[] })),
  ),
  v.strictObject({
    text: nameSchema,
    aliases: v.optional(v.pipe(v.array(nameSchema), v.maxLength(100)), []),
  }),
]);

export type Item = v.InferOutput<typeof itemSchema>;

/** Characters of bold or LaTeX text that is taken apart: options can be sentences. */
const LONGEST_MARKUP = 200;
/** Of a text full of "the answer is" only the last are tried. */
const MARKERS_TRIED = 8;

export function fold(text: string): string {
  return simplify(text).toLowerCase().replace(/\s+/g, ' ').trim();
}

/** One way to write each thing, LaTeX and bold taken apart. The case of letters stays: labels need it. */
export function simplify(text: string): string {
  const plain = unifyLetters(text)
    .replace(/[’ʼ`´]/g, "'")
    .replace(/[\u2010\u2011]/g, '-')
    .replace(/[^\S\n]+/g, ' ');
  return unwrapMarkdown(unwrapLatex(plain, LONGEST_MARKUP), LONGEST_MARKUP);
}

/** Folded names to the index of their item. @throws FaultError `bad-input` when a name stands for two items */
export function indexNames(items: readonly Item[], what: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  items.forEach(({ text, aliases }, index) => {
    for (const each of new Set([text, ...aliases].map(fold))) {
      if (each === '') continue;
      if (names.has(each) && names.get(each) !== index) throw badInput(what, `two items named ${each}`);
      names.set(each, index);
    }
  });
  return names;
}

/** Places where an item is meant: not "not Anna", "Anna is not the one", "Anna does not ..." or "if Anna ...". */
export function findMeant(text: string, names: ReadonlyMap<string, number>): readonly Place[] {
  let deniedEnd = -Infinity;
  return findNames(text, names).filter((place) => {
    const carriedOn = place.start - deniedEnd < NEAR && isDenialCarriedOn(text.slice(deniedEnd, place.start));
    if (isDenied(textBefore(text, place.start)) || carriedOn) {
      deniedEnd = place.end;
      return false;
    }
    const after = textAfter(text, place.end);
    const supposed = isSupposed(textBefore(text, place.start, 3 * NEAR));
    return !supposed && !isExcluded(after) && measureDoubt(after) === 0;
  });
}

const FINAL_MARKER = new RegExp(
  [
    answerMarker('answer|conclusion|solution|result|order|ranking|sequence', 'is|are|was|be'),
    answerMarker(
      '(?:ответ|вывод|порядок|решение|последовательность)(?:ом)?',
      'будет|это|является|такой|таков',
    ),
  ].join('|'),
  'giu',
);

/**
 * The end of an answer that says what it comes down to: after the last "the answer is" or "therefore" that is followed
 * by something to read; otherwise all of it.
 */
export function findFinalPart(text: string, saysSomething: (part: string) => boolean): string {
  const markers = [...text.matchAll(FINAL_MARKER)].slice(-MARKERS_TRIED).reverse();
  for (const marker of markers) {
    const part = text.slice(marker.index + marker[0].length);
    if (saysSomething(part)) return part;
  }
  const from = findConclusion(text);
  const conclusion = from === undefined ? '' : text.slice(from);
  return saysSomething(conclusion) ? conclusion : text;
}

const REASON =
  /[,;(—–-]?\s{0,20}(?<!\p{L})(?:because|since|as(?!\s+well)|ведь|потому|так как|поскольку)(?!\p{L})[^.!?\n]*/giu;

/** Without "because ...": reasons name what is not the answer. */
export function dropReasonClauses(text: string): string {
  return text.replace(REASON, '');
}

/** "or" between two places says one or the other, not which. */
export function isAlternative(link: string): boolean {
  return link.length < NEAR && /(?<!\p{L})(?:or|или|либо)(?!\p{L})/iu.test(link);
}
