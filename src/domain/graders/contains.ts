import * as v from 'valibot';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';

/** An empty needle is in every answer, so it would pass everything. */
const needle = v.pipe(v.string(), v.minLength(1), v.maxLength(2_000));

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  value: v.union([needle, v.pipe(v.array(needle), v.minLength(1), v.maxLength(100))]),
  ignoreCase: v.optional(v.boolean(), false),
});

const SHOWN_CHARACTERS = 80;

/** The answer has the value in it; of a list of values, all (promptfoo's `contains`, `icontains`, `contains-all`). */
export const contains = defineGrader({
  id: 'contains',
  parse: (spec) => parseWith(optionsSchema, spec, 'contains grader'),
  grade: (answer, { value, ignoreCase }) => {
    const fold = (text: string) => (ignoreCase ? text.toLowerCase() : text);
    const needles = typeof value === 'string' ? [value] : value;
    const haystack = fold(answer);
    const missing = needles.filter((each) => !haystack.includes(fold(each)));
    const show = (list: readonly string[]) => list.join(', ').slice(0, SHOWN_CHARACTERS);
    if (missing.length === 0) return pass({ expected: show(needles), found: show(needles) });
    return fail('missing', { expected: show(missing), found: answer.slice(0, SHOWN_CHARACTERS) });
  },
});
