import * as v from 'valibot';
import { dropEcho, type Place, readEnd, SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';
import { dropReasonClauses, findFinalPart, findMeant, fold, indexNames, itemSchema, simplify } from './items';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** All things in the right order. */
  value: v.pipe(v.array(itemSchema), v.minLength(2), v.maxLength(50)),
  /** What stands between neighbours in the right order; an answer that uses the other sign is read backwards. */
  sign: v.optional(v.picklist(['<', '>'])),
});

/**
 * The answer lists all things in the right order. The score is Kendall's tau, but not below 0: pairs in the right order
 * less pairs in the wrong one, over all pairs; a pair with a missing thing is neither.
 */
export const ordering = defineGrader({
  id: 'ordering',
  form: 'list',
  parse: (spec) => {
    const options = parseWith(optionsSchema, spec, 'ordering grader');
    indexNames(options.value, 'ordering grader');
    return options;
  },
  grade: (answer, { value, sign }, testCase) => {
    const names = indexNames(value, 'ordering grader');
    const text = dropEcho(simplify(readEnd(answer)), simplify(testCase.prompt), (each) =>
      names.has(fold(each)),
    );
    const read = (part: string) => listRuns(part, findMeant(part, names), sign);
    const part = findFinalPart(dropReasonClauses(text), (each) => read(each).length > 0);
    const runs = read(part);
    const show = (order: readonly number[]) =>
      order
        .map((index) => value[index]?.text ?? '')
        .join(', ')
        .slice(0, SHOWN_CHARACTERS);
    const expected = show([...value.keys()]);
    // After "the order is" the first list counts; of several whole ones elsewhere none.
    const whole = runs.filter((run) => run.length === value.length);
    const found = part === text ? (whole.at(-1) ?? longest(runs)) : (whole[0] ?? runs[0]);
    if (found === undefined) return fail('no-answer', { expected });
    const shown = { expected, found: show(found) };
    const rivals = part === text ? whole : whole.slice(0, isOffered(part, whole) ? 2 : 1);
    if (new Set(rivals.map(String)).size > 1) return fail('ambiguous', shown);
    const tau = computeTau(found, value.length);
    return tau === 1 ? pass(shown) : { ...fail('different', shown), score: Math.max(0, tau) };
  },
});

/** What may stand between two entries of a list. */
const BETWEEN = String.raw`[\s\uE000\uE001"'«»*•,;:/|.)>→⇒<=-]*`;
const LINK_WORD = [
  String.raw`(?:and|then|next|after that|followed by|before|finally|lastly|last|first|second|third|fourth|fifth|comes?|is|the)(?!\p{L})`,
  String.raw`(?:и|затем|потом|далее|после(?: него| нее| этого)?|наконец|за (?:ним|ней)|на \p{L}+ месте)(?!\p{L})`,
  String.raw`(?:первый|первым|втор|трети|третьим|четверт|пят|последн)\p{L}{0,3}(?!\p{L})`,
  String.raw`\d{1,2}(?:st|nd|rd|th|-?[йя])?(?![\p{L}\d])`,
  String.raw`\([^()\n]{0,60}\)`,
].join('|');
const LINK = new RegExp(String.raw`^${BETWEEN}(?:(?:${LINK_WORD})${BETWEEN})*$`, 'iu');
/** A numbered or bulleted line, which may say more about its entry. */
const NEW_ENTRY = /^[^\n]{0,80}\n[\s*•(\uE000-]*(?:\d{1,2}[.):\s]|[-*•])[\s\uE000"'«:]*$/u;

/** Runs of different things that stand as a list, each as the indexes of its entries; single names are no list. */
function listRuns(
  text: string,
  places: readonly Place[],
  sign: '<' | '>' | undefined,
): readonly (readonly number[])[] {
  const runs: number[][] = [];
  let run: number[] = [];
  let start = 0;
  let previous: Place | undefined;
  const close = (end: number) => {
    if (run.length > 1) runs.push(isReversed(text.slice(start, end), sign) ? run.reverse() : run);
    run = [];
  };
  for (const place of places) {
    const link = previous === undefined ? '' : text.slice(previous.end, place.start);
    const linked =
      link.length <= 160 &&
      (LINK.test(link.replaceAll('–', '-').replaceAll('—', '-')) || NEW_ENTRY.test(link));
    if (!linked || run.includes(place.option)) close(previous?.end ?? 0);
    if (run.length === 0) start = place.start;
    run.push(place.option);
    previous = place;
  }
  close(previous?.end ?? 0);
  return runs;
}

function isReversed(listed: string, sign: '<' | '>' | undefined): boolean {
  if (sign === undefined) return false;
  const other = sign === '<' ? '>' : '<';
  return listed.includes(other) && !listed.includes(sign);
}

/** "A, B, C or B, A, C" right after "the order is". */
function isOffered(part: string, whole: readonly (readonly number[])[]): boolean {
  const [sentence = ''] = part.split(/\n\s*\n|[.!?](?=\s|$)/u);
  return whole.length > 1 && /(?<!\p{L})(?:or|или|либо)(?!\p{L})/iu.test(sentence);
}

function longest(runs: readonly (readonly number[])[]): readonly number[] | undefined {
  return runs.reduce<readonly number[] | undefined>(
    (best, run) => (run.length >= (best?.length ?? 0) ? run : best),
    undefined,
  );
}

/** Kendall's tau of a list of indexes that should ascend; things that are missing count as tied. */
function computeTau(order: readonly number[], count: number): number {
  let balance = 0;
  order.forEach((a, at) => {
    for (const b of order.slice(at + 1)) balance += a < b ? 1 : -1;
  });
  return balance / ((count * (count - 1)) / 2);
}
