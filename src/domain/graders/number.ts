import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';
import { asksForBound } from './parts/number-flaws';
import { findNumbers } from './parts/number-find';
import { pickNumber } from './parts/number-pick';
import { findDecimalSign, prepareNumberText } from './parts/number-text';

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

/**
 * The final number of an answer, found in prose, equals the value. English and Russian notation and number words.
 * Without an explicit marker the last number counts, as in lm-eval's `flexible-extract` of gsm8k.
 */
export const number = defineGrader({
  id: 'number',
  form: 'number',
  parse: (spec) => parseWith(optionsSchema, spec, 'number grader'),
  grade: (answer, { value, tolerance, relativeTolerance }, { prompt }, { language }) => {
    const text = prepareNumberText(answer, prompt);
    const picked = pickNumber(
      text,
      findNumbers(text, findDecimalSign(`${prompt}\n${text}`, language), asksForBound(prompt)),
    );
    const expected = value.isPercent ? `${value.size}%` : String(value.size);
    if (picked === undefined) return fail('no-answer', { expected });
    const { found, problem } = picked;
    const shown = { expected, found: text.slice(found.start, found.end).slice(0, SHOWN_CHARACTERS) };
    if (problem === 'several') return fail('ambiguous', shown);
    const scales = value.isPercent ? [1, 100] : [1];
    const matches = found.readings.some((reading) =>
      scales.some((scale) => isClose(reading, value.size / scale, tolerance / scale, relativeTolerance)),
    );
    return matches && problem === undefined ? pass(shown) : fail('different', shown);
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
