/**
 * Numerals of English and Russian, in digits and in words, and the months beside which they are part of a date. All text
 * is in lower case and has е for ё.
 */

// --- number words ---

/** Of each number word in its case forms; "thousand" is 1000. */
const VALUES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    0: 'zero ноль нуль ноля нуля',
    1: 'one один одна одно одну одного одной одному одним',
    2: 'two два две двух двум двумя двое двоих',
    3: 'three три трех трем тремя трое троих',
    4: 'four четыре четырех четырем четырьмя четверо четверых',
    5: 'five пять пяти пятью пятеро пятерых',
    6: 'six шесть шести шестью шестеро шестерых',
    // Not "семью": nearly always the accusative of "семья".
    7: 'seven семь семи семеро семерых',
    8: 'eight восемь восьми восемью восьмью восьмеро',
    9: 'nine девять девяти девятью',
    10: 'ten десять десяти десятью',
    11: 'eleven одиннадцать одиннадцати одиннадцатью',
    12: 'twelve двенадцать двенадцати двенадцатью',
    13: 'thirteen тринадцать тринадцати тринадцатью',
    14: 'fourteen четырнадцать четырнадцати четырнадцатью',
    15: 'fifteen пятнадцать пятнадцати пятнадцатью',
    16: 'sixteen шестнадцать шестнадцати шестнадцатью',
    17: 'seventeen семнадцать семнадцати семнадцатью',
    18: 'eighteen восемнадцать восемнадцати восемнадцатью',
    19: 'nineteen девятнадцать девятнадцати девятнадцатью',
    20: 'twenty двадцать двадцати двадцатью',
    30: 'thirty тридцать тридцати тридцатью',
    40: 'forty fourty сорок сорока',
    50: 'fifty пятьдесят пятидесяти пятьюдесятью',
    60: 'sixty шестьдесят шестидесяти шестьюдесятью',
    70: 'seventy семьдесят семидесяти семьюдесятью',
    80: 'eighty восемьдесят восьмидесяти восемьюдесятью',
    90: 'ninety девяносто девяноста',
    100: 'hundred hundreds сто ста',
    200: 'двести двухсот',
    300: 'триста трехсот',
    400: 'четыреста четырехсот',
    500: 'пятьсот пятисот',
    600: 'шестьсот шестисот',
    700: 'семьсот семисот',
    800: 'восемьсот восьмисот',
    900: 'девятьсот девятисот',
    1.5: 'полтора полторы полутора',
    1000: 'thousand thousands тысяча тысячи тысяч тысячу тыс',
    1e6: 'million millions миллион миллиона миллионов млн',
    1e9: 'billion billions миллиард миллиарда миллиардов млрд',
  }).flatMap(([value, words]) => words.split(' ').map((word) => [word, Number(value)] as const)),
);

/** What has been read of a number that is written in several words. */
interface WordNumber {
  readonly value: number;
  /** The part of the value that is complete: 2000 in "two thousand five hundred". */
  readonly base: number;
  /** Written in digits it can only be multiplied, as in "5 thousand". */
  readonly isWord: boolean;
}

/** "two" + "hundred", "two hundred" + "twenty", "twenty" + "one"; `undefined` where the word starts a number of its own. */
export function appendNumberWord({ value, base, isWord }: WordNumber, next: number): WordNumber | undefined {
  const rest = value - base;
  const grow = (grown: number) => ({ value: base + grown, base, isWord: true });
  if (next === 100 && rest >= 1 && rest < 100) return grow(rest * 100);
  if (next >= 1000 && rest >= 1 && rest < 1000) {
    const complete = base + rest * next;
    return { value: complete, base: complete, isWord: true };
  }
  if (!isWord) return undefined;
  if (rest >= 100 && rest % 100 === 0 && next < 100) return grow(rest + next);
  if (rest % 100 >= 20 && rest % 10 === 0 && next >= 1 && next < 10) return grow(rest + next);
  return rest === 0 && base > 0 && next < 1000 ? grow(next) : undefined;
}

// --- numerals in a text ---

interface Numeral {
  /** "1,234" may be read in two ways. */
  readonly readings: readonly number[];
  readonly start: number;
  readonly end: number;
  /** Written as a word, so that more words may follow: "twenty" + "one". */
  readonly word: boolean;
  /** "nobody" and the like, read as 0. */
  readonly none: boolean;
}

const TOKEN = new RegExp(
  [
    // Dates, versions and times of day count nothing.
    String.raw`(?<skip>(?<![\p{L}\p{N}])(?:\d{1,4}([./-])\d{1,2}\2\d{1,4}|\d{1,2}:\d{2}(?::\d{2})?)(?![\p{L}\p{N}]))`,
    String.raw`(?<none>(?<!\p{L})(?:no one|nobody|none|ни одн\p{L}+|нисколько|никого)(?!\p{L}))`,
    String.raw`(?<![\p{L}\p{N}.,/])(?:(?<mixed>\d{1,6})[ \u00a0])?(?<top>\d{1,9}) ?/ ?(?<bottom>\d{1,9})(?![\p{L}\p{N}/])`,
    String.raw`(?<![\p{L}\p{N}.])(?<whole>[1-9]\d{0,2}(?:(?:[ \u00a0\u202f\u2009]\d{3})+|(?:,\d{3})+|(?:['’]\d{3})+|(?:\.\d{3}){2,}))(?!\d)(?<decimals>[.,]\d+)?`,
    // A comma is decimal only where it is alone: "3,5,7" is a list.
    String.raw`(?<![\p{L}\p{N}])(?<plain>\d+(?:\.\d+|(?<!,\d+),\d+(?!,?\d))?(?:e[+-]?\d{1,3}(?![\p{L}\d]))?)`,
    String.raw`(?<![\p{L}\p{N}.])(?<point>\.\d+)`,
    String.raw`(?<word>\p{L}+)`,
  ].join('|'),
  'gu',
);

/** The numerals of a text; of those in several words each word by itself. Dates, versions and times of day are left out. */
export function findNumerals(text: string): Numeral[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const groups = match.groups ?? {};
    const readings = readToken(groups);
    const [value] = readings;
    if (value === undefined || !Number.isFinite(value)) return [];
    const start = match.index;
    const end = start + match[0].length;
    return [{ readings, start, end, word: groups['word'] !== undefined, none: groups['none'] !== undefined }];
  });
}

function readToken(groups: Partial<Record<string, string>>): number[] {
  const { none, mixed, top, bottom, whole, decimals, plain, point, word } = groups;
  if (none !== undefined) return [0];
  if (top !== undefined) return [Number(mixed ?? 0) + Number(top) / Number(bottom)];
  if (whole !== undefined) {
    const grouped = Number(whole.replace(/\D/gu, '') + (decimals ?? '').replace(',', '.'));
    // "1,234" is a decimal in Russian.
    const isDecimal = decimals === undefined && /^\d+,\d+$/.test(whole);
    return isDecimal ? [grouped, Number(whole.replace(',', '.'))] : [grouped];
  }
  const digits = plain ?? point;
  if (digits !== undefined) return [Number(digits.replace(',', '.'))];
  const value = word === undefined ? undefined : VALUES.get(word);
  return value === undefined ? [] : [value];
}

// --- dates ---

const MONTH =
  '(?:jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|may|june|july|august|september|' +
  'october|november|december|января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря)';
const BEFORE_MONTH = new RegExp(
  String.raw`^(?:st|nd|rd|th|-?го|-?е)?\s+(?:of\s+)?${MONTH}(?!\p{L}|\s+be\s)`,
  'u',
);
const AFTER_MONTH = new RegExp(String.raw`(?<!\p{L})${MONTH}\.?\s+$`, 'u');
const AFTER_DATE = new RegExp(String.raw`(?<!\p{L})${MONTH}(?:\s+\d{1,2}(?:st|nd|rd|th)?)?,?\s+$`, 'u');

/** The number between the two texts is the day in "March 5", "5 March" or "5th of March". */
export function isDayOfMonth(before: string, after: string): boolean {
  return BEFORE_MONTH.test(after) || AFTER_MONTH.test(before);
}

/** Four digits after a month are its year: "March 2024", "March 5, 2024". */
export function isYear(digits: string, before: string): boolean {
  return /^\d{4}$/.test(digits) && AFTER_DATE.test(before);
}
