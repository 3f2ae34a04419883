import { isExcluded, textAfter, textBefore } from '../../text/answer-text';
import { appendNumberWord } from '../../text/number-words';
import { findNumerals, isDayOfMonth, isYear, type DecimalSign, type Numeral } from '../../text/numerals';
import { findFlaw, type Flaw, isSupposedNumber, readCompound } from './number-flaws';

/** A number in an answer, with all that belongs to it: its sign, its power of ten, "million". */
export interface Found {
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
  negative: boolean;
  /** Why it is no number that answers by itself. */
  flaw?: Flaw;
}

const AFTER_LABEL =
  /(?<!\p{L})(?:step|question|task|problem|exercise|example|figure|fig|table|chapter|section|equation|eq|page|theorem|lemma|version|шаг|вопрос|задача|задание|пример|рисунок|рис|таблица|глава|раздел|страница|стр|упражнение|версия)\.?\s*[#№(]?\s*$/u;
const AFTER_NOT =
  /(?:(?<!\p{L})(?:not|never|neither|cannot|rather than|instead of|other than|anything but|except(?: for)?|не|вместо|кроме|а не)|n['’]t)\s+(?:(?:\p{L}+ly|точно|ровно)\s+)?(?:(?:be|been|have been|equals?|equal to|exactly|just|simply|the answer|рав(?:ен|н\p{L}+)|будет|может быть)\s+){0,2}["«“]?[$€£₽]?$/u;
const AFTER_WRONG =
  /(?<!\p{L})(?:wrong|incorrect|mistaken|неверный|неправильный)\s+(?:answer|value|number|result|ответ)?\s*(?:is|was|:|would be|[-–—])?\s*[$€£₽]?$|(?:≠|!=)\s*[$€£₽]?$/u;
const OR_NOT = /^\s*(?:,|or|nor|,\s*(?:or|nor)|или|ни)\s+(?:the\s+)?$/u;
/** COVID-19, gpt_4: part of a name, not of a number; "answer-5" is an answer. */
const INSIDE_NAME = /(?<=\p{L})(?<!(?<!\p{L})(?:answer|ответ))[-_]$/u;
/** "2 more than John" is a difference, which counts where no amount does. */
const MORE_THAN =
  /^\s(?:\p{L}+\s)?(?:more|less|fewer|greater|higher|lower|older|younger|bigger|larger|smaller|longer|shorter|taller|больше|меньше|старше|младше|выше|ниже)\s(?:\p{L}+\s)?(?:than|чем)(?!\p{L})/u;
const LIST_NUMBER = /(?:^|\n)[\s>#(\uE000-]*$/u;

/** The numbers that an answer could consist of, in their order; those that are denied or only name a step are left out. */
export function findNumbers(text: string, decimal: DecimalSign, allowsBounds = false): Found[] {
  const found: Found[] = [];
  const numbering: Found[] = [];
  let deniedEnd = -Infinity;
  for (const numeral of findNumerals(text, decimal)) {
    const { readings, start, end, word, none } = numeral;
    if (joinTo(found, text, numeral)) continue;
    if (numeral.part !== undefined && !isPartAlone(text, numeral)) continue;
    const before = textBefore(text, start);
    const after = textAfter(text, end);
    if (/\^\(?-?$/.test(before) || INSIDE_NAME.test(before)) continue;
    if (isYear(text.slice(start, end), before) || AFTER_LABEL.test(before)) continue;
    const isCarriedOn = start - deniedEnd < 8 && OR_NOT.test(text.slice(deniedEnd, start));
    if (isCarriedOn || AFTER_NOT.test(before) || AFTER_WRONG.test(before)) {
      deniedEnd = end;
      continue;
    }
    const weak =
      isDayOfMonth(before, after) ||
      (word && readings[0] === 1) ||
      none ||
      numeral.part !== undefined ||
      isSupposedNumber(before) ||
      MORE_THAN.test(after);
    const own = numeral.part === 'denominator' ? readings.map((each) => 1 / each) : readings;
    const base = word && (readings[0] ?? 0) >= 1000 ? (readings[0] ?? 0) : 0;
    const each: Found = { readings: own, start, end, weak, word, base, negative: false };
    if (LIST_NUMBER.test(before) && /^[.)]\uE001?[ \t]+\S/u.test(after)) numbering.push(each);
    readRoot(each, text);
    readSign(each, text, found.at(-1));
    found.push(each);
  }
  // "12. Because ..." is an answer, "1. ... 2. ..." is a list; a list that was cut short begins with 1.
  for (const each of numbering) if (each.readings[0] === 1) each.weak = true;
  const isListItem = new Set(numbering.length > 1 ? numbering : []);
  const kept = found.filter((each) => !isListItem.has(each) && !isDeniedAfter(text, each));
  return finish(text, kept, allowsBounds);
}

function finish(text: string, found: readonly Found[], allowsBounds: boolean): Found[] {
  const whole: Found[] = [];
  for (const each of found) {
    readSuffix(each, textAfter(text, each.end));
    const previous = whole.at(-1);
    const sum = previous && (readCompound(text, previous, each) ?? readDecimals(text, previous, each));
    if (previous === undefined || sum === undefined) {
      whole.push(each);
      continue;
    }
    previous.readings = sum;
    previous.end = each.end;
  }
  for (const each of whole) {
    const flaw = findFlaw(text, each);
    if (flaw !== undefined && !(flaw === 'bound' && allowsBounds)) each.flaw = flaw;
  }
  return whole;
}

/** "две целых пять десятых" */
function readDecimals(text: string, whole: Found, part: Found): number[] | undefined {
  if (!/^ цел(?:ая|ых|ые)(?: и)? $/u.test(text.slice(whole.end, part.start))) return undefined;
  return whole.readings.map((each) => each + (part.readings[0] ?? 0));
}

/** "7 is wrong", "7 apples can't be right" */
function isDeniedAfter(text: string, { end }: Found): boolean {
  const after = textAfter(text, end, 60);
  if (/^[^.!?\n]{0,20}\?\s*(?:no|nope|wrong|incorrect|нет|неверно)(?!\p{L})/u.test(after)) return true;
  return isExcluded(
    after.replace(/^[ ]?[%°$€£₽]/u, '').replace(/^ (?:\p{L}+ )(?=(?:is|are|was)(?: not)? )/u, ' '),
  );
}

// --- numbers of several parts ---

/** Whether the numeral is more of the number before it: "two" + "hundred", 10 + "^8", 3 + "× 10^8". */
function joinTo(found: Found[], text: string, numeral: Numeral): boolean {
  const previous = found.at(-1);
  if (previous === undefined || numeral.start - previous.end > 8) return false;
  const link = text.slice(previous.end, numeral.start);
  const [value = NaN] = numeral.readings;
  if (numeral.part !== undefined) return joinPart(found, previous, numeral, link);
  if (numeral.word && joinWord(previous, link, numeral.end, value)) return true;
  return joinDecimals(previous, text, link, numeral) || joinPower(found, previous, text, link, numeral);
}

/** Makes one number of "two" "hundred" "and" "twenty" "one", and of "5" "thousand". */
function joinWord(previous: Found, link: string, end: number, value: number): boolean {
  if (previous.readings.length > 1 && value < 1000) return false;
  if (!/^(?:[ \u00a0-]?| and )$/.test(link)) return false;
  if (link === '' && previous.word) return false;
  const [size = 0] = previous.readings;
  const joined = appendNumberWord(
    { value: Math.abs(size), base: previous.base, isWord: previous.word },
    value,
  );
  if (joined === undefined) return false;
  const sign = previous.negative ? -1 : 1;
  Object.assign(previous, {
    readings: [sign * joined.value],
    base: joined.base,
    end,
    weak: false,
    word: true,
  });
  return true;
}

/** "three quarters", "two and a half", "2 dozen" */
function joinPart(found: Found[], previous: Found, { readings, end, part }: Numeral, link: string): boolean {
  const [size = NaN] = previous.readings;
  const [divisor = NaN] = readings;
  if (part === 'dozen') {
    if (!/^[ -]$/.test(link)) return false;
    Object.assign(previous, { readings: [size * divisor], end, weak: false });
    return true;
  }
  if (/^ (?:and|и|с) (?:an? |one |одна )?$/u.test(link)) {
    Object.assign(previous, { readings: [size + 1 / divisor], end, weak: false });
    return true;
  }
  if (!/^[ -]$/.test(link) || !Number.isInteger(size) || Math.abs(size) >= 1000) return false;
  Object.assign(previous, { readings: [size / divisor], end, weak: false });
  const whole = found.at(-2);
  if (whole?.word === true && previous.start - whole.end <= 5) {
    // "two and three quarters"
    whole.readings = whole.readings.map((each) => each + size / divisor);
    whole.end = end;
    found.pop();
  }
  return true;
}

/** "a dozen", "half", but not "the third one". */
function isPartAlone(text: string, { start, end, readings }: Numeral): boolean {
  const before = textBefore(text, start, 8);
  const after = textAfter(text, end, 12);
  const word = text.slice(start, end);
  if (/(?<!\p{L})an? $/u.test(before))
    return readings[0] === 12 || !/^ \p{L}/u.test(after) || /^ of /u.test(after);
  if (!/^(?:half|половин|четверть|треть|дюжин)/u.test(word)) return false;
  return !/^ (?:an?|the) /u.test(after);
}

/** "three point five", "две целых пять десятых" */
function joinDecimals(
  previous: Found,
  text: string,
  link: string,
  { readings, end, word }: Numeral,
): boolean {
  const [value = NaN] = readings;
  if (!word || !previous.word || !Number.isInteger(value) || value > 9) return false;
  const spoken = text.slice(previous.start, previous.end);
  const digits = /(?: point | запятая )(\p{L}+(?: \p{L}+)*)$/u.exec(spoken);
  const isFirst = / (?:point|запятая) $/u.test(link);
  if (!isFirst && (digits === null || link !== ' ')) return false;
  const place = isFirst ? 1 : (digits?.[1] ?? '').split(' ').length + 1;
  const [size = 0] = previous.readings;
  previous.readings = [Number((size + (previous.negative ? -1 : 1) * (value / 10 ** place)).toFixed(place))];
  previous.end = end;
  return true;
}

function joinPower(
  found: Found[],
  previous: Found,
  text: string,
  link: string,
  { readings, end }: Numeral,
): boolean {
  const power = /^(?:\)?\s?)?(?:\^|\*\*)\s?(\(?)\s?(-?)$/.exec(link);
  if (power === null) return false;
  const [value = NaN] = readings;
  const exponent = power[2] === '-' ? -value : value;
  const closing = power[1] === '(' && text.charAt(end) === ')' ? 1 : 0;
  const isBracketed = link.startsWith(')');
  previous.readings = previous.readings.map((each) =>
    previous.negative && !isBracketed ? -(Math.abs(each) ** exponent) : each ** exponent,
  );
  previous.end = end + closing + (/^(?:st|nd|rd|th)(?!\p{L})/u.exec(textAfter(text, end))?.[0].length ?? 0);
  const factor = found.at(-2);
  const isTen = /^-?10(?!\d)/.test(text.slice(previous.start, previous.end));
  if (factor === undefined || !isTen || factor.flaw !== undefined) return true;
  if (!/^\s{0,2}(?:×|x|х|\*|·|times|на)\s{0,2}$/u.test(text.slice(factor.end, previous.start))) return true;
  const [scale = NaN] = previous.readings;
  factor.readings = factor.readings.map((each) => each * scale);
  factor.end = previous.end;
  found.pop();
  return true;
}

// --- what stands around a number ---

function readRoot(each: Found, text: string): void {
  const root = /([√∛])(\(?)\s?$/.exec(textBefore(text, each.start, 4));
  if (root === null) return;
  const isClosed = root[2] === '' || text.charAt(each.end) === ')';
  each.start -= root[0].length;
  if (!isClosed) {
    each.flaw = 'expression';
    return;
  }
  if (root[2] !== '') each.end++;
  each.readings = each.readings.map(root[1] === '√' ? Math.sqrt : Math.cbrt);
}

/** A minus belongs to the number unless it stands between two numbers. */
function readSign(each: Found, text: string, previous: Found | undefined): void {
  const before = textBefore(text, each.start);
  const match =
    /(?<![\p{L}\p{N})\]])[-–](?=[$€£₽]?$)|(?<=[=:(]\s*)-(?=\s[$€£₽]?$)|(?<!\p{L})(?:minus|negative|минус)(?=\s+[$€£₽]?$)|(?<=(?<!\p{L})(?:is|are|was|equals|равно|равен|будет)\s)-(?=\s[$€£₽]?$)/u.exec(
      before,
    ) ?? readLoneMinus(text, each);
  if (match === null) return;
  const start = each.start - before.length + match.index;
  if (
    previous !== undefined &&
    start - previous.end <= 3 &&
    !/[^\s%)]/.test(before.slice(previous.end - each.start, match.index))
  ) {
    return;
  }
  each.start = start;
  each.negative = true;
  each.readings = each.readings.map((reading) => -reading);
}

/** "- 7" and nothing else is a number, not a list of one. */
function readLoneMinus(text: string, { start, end }: Found): RegExpExecArray | null {
  const isAlone =
    text.length < 80 && /^\s*-\s$/.test(text.slice(0, start)) && !/\p{L}|\n\s*-/u.test(text.slice(end));
  return isAlone ? /-(?=\s$)/.exec(text.slice(0, start)) : null;
}

function readSuffix(each: Found, after: string): void {
  const half = /^(?: and a half| с половиной)(?!\p{L})/u.exec(after);
  if (half !== null) each.readings = each.readings.map((reading) => reading + Math.sign(reading) / 2);
  if (/^\s?%/u.test(after)) each.readings = each.readings.flatMap((reading) => [reading, reading / 100]);
}
