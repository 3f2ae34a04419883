/**
 * Numerals in digits and in English and Russian words, and the months beside which they are part of a date. All text is in
 * lower case and has е for ё.
 */

import { findDenominator, isDozen, WORD_VALUES } from './number-words';

export interface Numeral {
  /** "1,234" may be read in two ways. */
  readonly readings: readonly number[];
  readonly start: number;
  readonly end: number;
  /** Written as a word, so that more words may follow: "twenty" + "one". */
  readonly word: boolean;
  /** "nobody" and the like, read as 0. */
  readonly none: boolean;
  /** A word that counts only with what stands before it: the 4 of "quarters", the 12 of "dozen". */
  readonly part?: 'denominator' | 'dozen';
}

/** Which of its two readings "1,234" or "1.234" has: `comma` where the decimal sign is one. */
export type DecimalSign = 'comma' | 'point' | 'unknown';

const TOKEN = new RegExp(
  [
    // Dates, versions and times of day count nothing.
    String.raw`(?<skip>(?<![\p{L}\p{N}])(?:(?!\d{1,3}(?:\.\d{3})+(?![\d.]))\d{1,5}(?:\.\d{1,5}){3,8}|\d{1,4}([./-])\d{1,2}\2\d{1,4}|\d{1,2}:\d{2}(?::\d{2})?)(?![\p{L}\p{N}]))`,
    String.raw`(?<none>(?<!\p{L})(?:no one|nobody|none|ни одн\p{L}+|нисколько|никого)(?!\p{L}))`,
    String.raw`(?<![\p{L}\p{N}.,/])(?:(?<mixed>\d{1,6})[ \u00a0])?(?<top>\d{1,9}) ?/ ?(?<bottom>\d{1,9})(?![\p{L}\p{N}/])`,
    // 1.234,56 and 1,00,000
    String.raw`(?<![\p{L}\p{N}.,])(?<continental>[1-9]\d{0,2}(?:\.\d{3})+,\d+)(?![\d,])`,
    String.raw`(?<![\p{L}\p{N}.,])(?<indian>[1-9]\d?(?:,\d{2})+,\d{3})(?![\d,])(?<part>\.\d+)?`,
    String.raw`(?<![\p{L}\p{N}.])(?<whole>[1-9]\d{0,2}(?:(?:[ \u00a0\u202f\u2009]\d{3})+|(?:,\d{3})+|(?:['’]\d{3})+|(?:\.\d{3}){2,}))(?!\d)(?<decimals>[.,]\d+)?`,
    // A comma is decimal only where it is alone: "3,5,7" is a list.
    String.raw`(?<![\p{L}\p{N}]|\p{N}\.)(?<plain>\d+(?:\.\d+|(?<!,\d+),\d+(?!,?\d))?(?:e[+-]?\d{1,3}(?![\p{L}\d]))?)`,
    String.raw`(?<![\p{L}\p{N}.])(?<point>\.\d+)`,
    String.raw`(?<word>[万萬만亿億억]|\p{L}+)`,
  ].join('|'),
  'gu',
);

/** The numerals of a text; of those in several words each word by itself. Dates, versions and times of day are left out. */
export function findNumerals(text: string, decimal: DecimalSign = 'unknown'): Numeral[] {
  return [...text.matchAll(TOKEN)].flatMap((match) => {
    const groups = match.groups ?? {};
    const start = match.index;
    const end = start + match[0].length;
    const { word } = groups;
    const denominator = word === undefined ? undefined : findDenominator(word);
    if (denominator !== undefined)
      return [{ readings: [denominator], start, end, word: true, none: false, part: 'denominator' as const }];
    if (word !== undefined && isDozen(word))
      return [{ readings: [12], start, end, word: true, none: false, part: 'dozen' as const }];
    const readings = readToken(groups, decimal);
    const [value] = readings;
    if (value === undefined || !Number.isFinite(value)) return [];
    return [{ readings, start, end, word: groups['word'] !== undefined, none: groups['none'] !== undefined }];
  });
}

function readToken(groups: Partial<Record<string, string>>, decimal: DecimalSign): number[] {
  const { none, mixed, top, bottom, continental, indian, part, whole, decimals, plain, point, word } = groups;
  if (none !== undefined) return [0];
  if (top !== undefined) return [Number(mixed ?? 0) + Number(top) / Number(bottom)];
  if (continental !== undefined) return [Number(continental.replaceAll('.', '').replace(',', '.'))];
  if (indian !== undefined) return [Number(indian.replaceAll(',', '') + (part ?? ''))];
  if (whole !== undefined) {
    const grouped = Number(whole.replace(/\D/gu, '') + (decimals ?? '').replace(',', '.'));
    // "1,234" is a decimal in Russian.
    const isDecimal =
      decimals === undefined &&
      /^\d+,\d+$/.test(whole) &&
      decimal !== 'point' &&
      (decimal === 'comma' || !whole.endsWith('000'));
    return isDecimal ? [grouped, Number(whole.replace(',', '.'))] : [grouped];
  }
  const digits = plain ?? point;
  if (digits !== undefined) {
    const size = Number(digits.replace(',', '.'));
    const isGrouped = decimal === 'comma' && /^[1-9]\d{0,2}\.\d{3}$/.test(digits);
    return isGrouped ? [size, Number(digits.replace('.', ''))] : [size];
  }
  const value = word === undefined ? undefined : WORD_VALUES.get(word);
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
