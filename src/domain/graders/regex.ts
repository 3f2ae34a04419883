import * as v from 'valibot';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  value: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)),
  /** Not `g` and `y`: they only carry a position from one search to the next. */
  flags: v.optional(v.pipe(v.string(), v.regex(/^[imsuv]*$/, 'expected flags out of i, m, s, u, v')), ''),
});

/**
 * Even a harmless pattern such as `a*b` takes quadratic time, so only the end of a very long answer, where the
 * conclusion is, is searched. This does not stop a pattern that takes exponential time (ReDoS): patterns from foreign
 * sets have to be run in a worker that can be killed.
 */
const SEARCHED_CHARACTERS = 20_000;
const SHOWN_CHARACTERS = 80;

/** The pattern, in JavaScript's dialect, matches anywhere in the answer, as in promptfoo. */
export const regex = defineGrader({
  id: 'regex',
  parse: (spec) => {
    const { value, flags } = parseWith(optionsSchema, spec, 'regex grader');
    try {
      return { source: value, pattern: new RegExp(value, flags) };
    } catch (error) {
      throw badInput('regex grader', error instanceof Error ? error.message : 'not a pattern');
    }
  },
  grade: (answer, { source, pattern }) => {
    const expected = source.slice(0, SHOWN_CHARACTERS);
    const match = pattern.exec(answer.slice(-SEARCHED_CHARACTERS));
    if (match !== null) return pass({ expected, found: match[0].slice(0, SHOWN_CHARACTERS) });
    return fail('missing', { expected, found: answer.slice(0, SHOWN_CHARACTERS) });
  },
});
