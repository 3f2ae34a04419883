import * as v from 'valibot';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass } from './grader';

const count = v.pipe(v.number(), v.finite());
const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.union([
    v.pipe(
      count,
      v.transform((words) => ({ min: words, max: words })),
    ),
    v.pipe(
      v.string(),
      v.regex(/^\s*\d+\s*$/, 'expected a number'),
      v.maxLength(20),
      v.transform((text) => ({ min: Number(text), max: Number(text) })),
    ),
    v.pipe(
      v.strictObject({ min: v.optional(count), max: v.optional(count) }),
      v.check(({ min, max }) => min !== undefined || max !== undefined, 'expected min or max'),
      v.check(({ min = -Infinity, max = Infinity }) => min <= max, 'min is above max'),
    ),
  ]),
});

/** The answer has so many words, or as many as a range allows; words are what white space parts (promptfoo). */
export const wordCount = defineGrader({
  id: 'word-count',
  parse: (spec) => parseWith(optionsSchema, spec, 'word-count grader'),
  grade: (answer, { value: { min, max } }) => {
    const words = answer.split(/\s+/).filter((word) => word !== '').length;
    const expected = min === max ? String(min) : `${min ?? 0}–${max ?? '∞'}`;
    const isInRange = words >= (min ?? 0) && words <= (max ?? Infinity);
    const shown = { expected, found: String(words) };
    return isInRange ? pass(shown) : fail('out-of-range', shown);
  },
});
