import * as v from 'valibot';
import {
  answerMarker,
  findBold,
  NEAR,
  readEnd,
  REASON_WORDS,
  SHOWN_CHARACTERS,
  textAfter,
  textBefore,
  unifyLetters,
  unwrapLatex,
  unwrapMarkdown,
} from '../text/answer-text';
import { appendNumberWord, findNumerals, isDayOfMonth, isYear } from '../text/numerals';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /**
   * A number, or text such as `3/4` or `1 1/2` where a decimal would have to be rounded. `25%` is met by "25%", "25" and
   * "0.25" alike; its tolerance is in percent.
   */
  value: v.union([
    v.pipe(
      v.number(),
      v.finite(),
      v.transform((size) => ({ size, isPercent: false })),
    ),
    v.pipe(
      v.string(),
      v.maxLength(60),
      v.transform(parseValue),
      v.object({ size: v.number('expected a number or a fraction'), isPercent: v.boolean() }),
    ),
  ]),
  /** Largest accepted difference. */
  tolerance: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 0),
  /** Largest accepted difference as a share of the value. */
  relativeTolerance: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)), 0),
});

/** Covers the rounding of 64-bit floats (1 + 1/3 is not quite 4/3), no more. */
const FLOAT_ERROR = 1e-12;

/** Characters of bold or LaTeX text that is taken apart: longer ones are no result. */
const LONGEST_LATEX = 80;
const LONGEST_BOLD = 120;

/**
 * The final number of an answer, found in prose, equals the value. English and Russian notation and number words.
 * Without an explicit marker the last number counts, as in lm-eval's `flexible-extract` of gsm8k.
 */
export const number = defineGrader({
  id: 'number',
  form: 'number',
  parse: (spec) => parseWith(optionsSchema, spec, 'number grader'),
  grade: (answer, { value, tolerance, relativeTolerance }) => {
    const text = simplify(readEnd(answer));
    const numbers = findNumbers(text);
    const found = pickFinal(text, numbers);
    const expected = value.isPercent ? `${value.size}%` : String(value.size);
    if (found === undefined) return fail('no-answer', { expected });
    const scales = value.isPercent ? [1, 100] : [1];
    const matches = found.readings.some((reading) =>
      scales.some((scale) => isClose(reading, value.size / scale, tolerance / scale, relativeTolerance)),
    );
    const shown = { expected, found: text.slice(found.start, found.end).slice(0, SHOWN_CHARACTERS) };
    if (isUndecided(text, numbers, found)) return fail('ambiguous', shown);
    return matches ? pass(shown) : fail('different', shown);
  },
});

function isClose(reading: number, value: number, tolerance: number, relativeTolerance: number): boolean {
  const size = Math.abs(value);
  const allowed = Math.max(tolerance, relativeTolerance * size);
  return Math.abs(reading - value) <= allowed + FLOAT_ERROR * size;
}

/** `12`, `-0.5`, `3/4`, `1 1/2`, `1 234 567`, `1,234,567.5`, `25%`; NaN for anything else. */
function parseValue(text: string): { readonly size: number; readonly isPercent: boolean } {
  const match = /^([-\u2212]?)(.+?)\s?(%?)$/.exec(text.trim());
  const [, sign, digits = '', percent] = match ?? [];
  const plain = /^\d{1,3}(?:(?:,\d{3})+|(?:[ \u00a0\u202f]\d{3})+)(?:\.\d+)?$/.test(digits)
    ? digits.replace(/[, \u00a0\u202f]/g, '')
    : digits;
  const size = parseSize(plain);
  return { size: sign === '' ? size : -size, isPercent: percent === '%' };
}

function parseSize(text: string): number {
  const match = /^(?:(\d+) )?(\d+)(?:\/(\d+)|(\.\d+))?$/.exec(text);
  if (match === null) return NaN;
  const [, whole, top, bottom, decimals] = match;
  if (whole !== undefined && bottom === undefined) return NaN;
  const size =
    bottom === undefined
      ? Number(`${top}${decimals ?? ''}`)
      : Number(whole ?? 0) + Number(top) / Number(bottom);
  return Number.isFinite(size) ? size : NaN;
}

/** Lower case, one way to write each thing, LaTeX and bold taken apart. */
function simplify(answer: string): string {
  const plain = unifyLetters(answer)
    .toLowerCase()
    .replace(/[\u2212\u2010\u2011\ufe63\uff0d]/g, '-')
    .replace(/[¼-¾⅐-⅞]/g, (sign, at: number, whole: string) => {
      const fraction = sign.normalize('NFKC').replace('\u2044', '/');
      return /\d/.test(whole.charAt(at - 1)) ? ` ${fraction}` : fraction;
    })
    .replaceAll('\u2044', '/')
    .replace(
      /(\d?)\\[dt]?frac\{(\d{1,15})\}\{(\d{1,15})\}/g,
      (_all, digit: string, top: string, bottom: string) =>
        digit === '' ? `${top}/${bottom}` : `${digit} ${top}/${bottom}`,
    )
    .replace(/(\d)(?:\\[,!;: ]|\{,\})(?=\d{3})/g, '$1,');
  const unboxed = unwrapLatex(plain, LONGEST_LATEX)
    .replace(/\\(?:times|cdot)/g, '×')
    .replace(/\\([%$])/g, '$1');
  return unwrapMarkdown(unboxed, LONGEST_BOLD);
}

// --- finding the numbers ---

interface Found {
  /** "1,234" may be read in two ways, "25%" too; the answer is right when one reading is. */
  readings: readonly number[];
  start: number;
  end: number;
  /** Counts only where nothing better does: "one of them", the day in "March 5", the 1 of "1. First". */
  weak: boolean;
  /** Written as a word, so that more words may follow: "twenty" + "one". */
  word: boolean;
  /** The part of a word number that is complete: 2000 in "two thousand five hundred". */
  base: number;
}

const AFTER_LABEL = /(?<!\p{L})(?:step|question|task|шаг|вопрос|задача|задание)\s*[#№]?\s*$/u;
const AFTER_NOT =
  /(?:(?<!\p{L})(?:not|rather than|instead of|не|вместо)|n['’]t)\s+(?:(?:be|equals?|equal to|exactly|рав(?:ен|н\p{L}+)|будет)\s+)?[$€£₽]?$/u;

function findNumbers(text: string): Found[] {
  const found: Found[] = [];
  const numbering: Found[] = [];
  for (const { readings, start, end, word, none } of findNumerals(text)) {
    const value = readings[0] ?? NaN;
    if (word && joinWord(found.at(-1), text, end, start, value)) continue;
    const before = textBefore(text, start);
    const after = textAfter(text, end);
    if (isYear(text.slice(start, end), before) || AFTER_LABEL.test(before)) continue;
    if (AFTER_NOT.test(before)) continue;
    const weak = isDayOfMonth(before, after) || (word && value === 1) || none;
    const each: Found = { readings, start, end, weak, word, base: 0 };
    if (/(?:^|\n)[\s>#(\uE000-]*$/u.test(before) && /^[.)]\uE001?[ \t]+\S/u.test(after)) numbering.push(each);
    readSign(each, before, found.at(-1));
    found.push(each);
  }
  // "12. Because ..." is an answer, "1. ... 2. ..." is a list; a list that was cut short begins with 1.
  for (const each of numbering) if (each.readings[0] === 1) each.weak = true;
  const isListItem = new Set(numbering.length > 1 ? numbering : []);
  const kept = found.filter((each) => !isListItem.has(each));
  for (const each of kept) readSuffix(each, textAfter(text, each.end));
  return kept;
}

/** Makes one number of "two" "hundred" "and" "twenty" "one", and of "5" "thousand". */
function joinWord(
  previous: Found | undefined,
  text: string,
  end: number,
  start: number,
  value: number,
): boolean {
  if (previous === undefined || previous.readings.length > 1 || start - previous.end > 5) return false;
  if (!/^(?:[ \u00a0-]| and )$/.test(text.slice(previous.end, start))) return false;
  const number = { value: previous.readings[0] ?? 0, base: previous.base, isWord: previous.word };
  const joined = appendNumberWord(number, value);
  if (joined === undefined) return false;
  Object.assign(previous, { readings: [joined.value], base: joined.base, end, weak: false, word: true });
  return true;
}

/** A minus belongs to the number unless it stands between two numbers. */
function readSign(each: Found, before: string, previous: Found | undefined): void {
  const match =
    /(?<![\p{L}\p{N})\]])[-–](?=[$€£₽]?$)|(?<=[=:(]\s*)-(?=\s[$€£₽]?$)|(?<!\p{L})(?:minus|negative|минус)(?=\s+$)/u.exec(
      before,
    );
  if (match === null) return;
  const start = each.start - before.length + match.index;
  if (
    previous !== undefined &&
    start - previous.end <= 3 &&
    !/[^\s%]/.test(before.slice(previous.end - each.start, match.index))
  ) {
    return;
  }
  each.start = start;
  each.readings = each.readings.map((reading) => -reading);
}

function readSuffix(each: Found, after: string): void {
  const half = /^(?: and a half| с половиной)(?!\p{L})/u.exec(after);
  if (half !== null) each.readings = each.readings.map((reading) => reading + Math.sign(reading) / 2);
  const percent = /^\s?(?:%|percent|per cent|процент)/u.test(after);
  if (percent) each.readings = each.readings.flatMap((reading) => [reading, reading / 100]);
}

// --- choosing the final one ---

const MARKER = new RegExp(
  [
    answerMarker('answer', 'is|are|was|equals|be', { apart: String.raw`\d`, or: String.raw`\s(?=[-$]?\d)` }),
    answerMarker('ответ(?:ом)?', 'равен|будет|это', { apart: String.raw`\d`, or: String.raw`\s(?=-?\d)` }),
  ].join('|'),
  'gu',
);
const EQUALS = /^[^\n.,;!?=≈]{0,30}[=≈][^\n.,;!?]{0,20}$/u;
const EQUALS_IN_WORDS =
  /^[^\n.,;!?]{0,30}(?<!\p{L})(?:equals|is|makes|gives|равно|равен|равна|будет|получится)(?!\p{L})[^\n.,;!?]{0,20}$/u;
const OPERATOR =
  /^(?:[\s\p{L}()$€£₽%]{0,20}[+*×·÷/][\s($€£₽]{0,5}|[\s)%]{0,3}[-–−:xх][\s($]{0,3}|\s(?:plus|minus|times|divided by|over|плюс|минус|умножить на|разделить на)\s)$/u;

function pickFinal(text: string, all: readonly Found[]): Found | undefined {
  const strong = all.filter((each) => !each.weak);
  const numbers = strong.length > 0 ? strong : all;
  const last = numbers.at(-1);
  if (new Set(numbers.map((each) => each.readings[0])).size <= 1) return last;
  return (
    pickMarked(text, all) ??
    pickBold(text, numbers) ??
    pickResult(text, numbers) ??
    pickBare(text, numbers) ??
    last
  );
}

/** "5 or 6", or nothing but a list: nobody gets a point for naming several. */
function isUndecided(text: string, numbers: readonly Found[], found: Found): boolean {
  const others = numbers.filter((each) => each.readings[0] !== found.readings[0]);
  if (others.length === 0) return false;
  if (/^[\d.,;\s-]+$/.test(text)) return true;
  const isOr = (start: number, end: number) =>
    start < end && /^\s*(?:or|или|либо)\s*$/u.test(text.slice(start, end));
  return others.some((each) => isOr(each.end, found.start) || isOr(found.end, each.start));
}

/** After "the answer is", "Answer:", `\boxed` and the like; the last such place that has a number. */
function pickMarked(text: string, all: readonly Found[]): Found | undefined {
  const ends = [...text.matchAll(MARKER)].map((match) => match.index + match[0].length);
  for (const end of ends.reverse()) {
    const at = all.findIndex((each) => {
      if (each.start < end) return false;
      const gap = text.slice(end, each.start);
      return !each.weak || !/\p{L}/u.test(gap.slice(0, NEAR));
    });
    const first = all[at];
    if (first === undefined || first.start - end > 80) continue;
    if (/\S[^\n]*\n|[.!?]\s/u.test(text.slice(end, first.start))) continue;
    const result = resolve(text, all, at);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** The last bold text that is a number, or a sum with its result; not a heading such as "**Step 2:**". */
function pickBold(text: string, numbers: readonly Found[]): Found | undefined {
  for (const span of findBold(text).reverse()) {
    if (/:\s*$/.test(span.inside) || /^\s*:/.test(textAfter(text, span.end))) continue;
    const inside = numbers.filter((each) => each.start >= span.start && each.end <= span.end);
    const result = resolve(text, inside, 0);
    if (result !== undefined && (inside.length === 1 || result !== inside[0])) return result;
  }
  return undefined;
}

/**
 * The result of the last "a + b = c". An intermediate result does not count: when a computation is followed by a
 * number that was not seen before, the text went on.
 */
function pickResult(text: string, numbers: readonly Found[]): Found | undefined {
  for (let at = numbers.length - 1; at >= 0; at--) {
    const each = numbers[at];
    if (each === undefined) continue;
    const before = textBefore(text, each.start, 12);
    if (!/(?:[=≈]|(?<!\p{L})(?:equals|равно|равен|равна))[\s~$€£₽(\uE000]*$/u.test(before)) continue;
    const result = resolve(text, numbers, at);
    if (result === undefined) continue;
    const seen = new Set(numbers.slice(0, at + 1).map((other) => other.readings[0]));
    const previous = numbers[at - 1];
    const isComputed = previous !== undefined && EQUALS.test(text.slice(previous.end, each.start));
    const goesOn = numbers.slice(at + 1).some((other) => !seen.has(other.readings[0]));
    return isComputed && goesOn ? undefined : result;
  }
  return undefined;
}

const BARE_END = new RegExp(
  String.raw`^[\s%$€£₽\uE001]*(?:[.,;!](?=\s+\p{L})|\n|[(—–](?=\s*\p{L})|\s-\s|(?:${REASON_WORDS})(?!\p{L}))`,
  'u',
);

/** A bare number first and prose after it, unless the text also ends with a bare number. */
function pickBare(text: string, numbers: readonly Found[]): Found | undefined {
  const first = numbers[0];
  const last = numbers.at(-1);
  if (first === undefined || last === undefined) return undefined;
  if (/(?:^|\n)[^\p{L}\n]*$/u.test(text.slice(0, last.start)) && !/\p{L}/u.test(text.slice(last.end)))
    return last;
  if (/\p{L}|\d/u.test(text.slice(0, first.start))) return undefined;
  const after = textAfter(text, first.end);
  return BARE_END.test(after) ? first : undefined;
}

/** Follows a chain such as "3 + 4 = 7" from its first number to its result; a sum without a result has none. */
function resolve(text: string, numbers: readonly Found[], from: number): Found | undefined {
  let left = numbers[from];
  let single = left;
  let result: Found | undefined;
  for (const right of numbers.slice(from + 1)) {
    if (left === undefined) break;
    const link = text.slice(left.end, right.start);
    if (link.length > 60) break;
    // "3 plus 4 is 7", but not "8 is 2 more than 6".
    if (EQUALS.test(link) || (single === undefined && EQUALS_IN_WORDS.test(link))) {
      result = single ?? result;
      single = right;
    } else if (OPERATOR.test(link)) {
      single = undefined;
    } else break;
    left = right;
  }
  return single ?? result;
}
