import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import {
  commonEntries,
  defineGrader,
  fail,
  notAvailable,
  pass,
  portFailed,
  type GradeOutcome,
} from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.minLength(1), v.maxLength(1_000)),
  /** Ours. Not `g` and `y`: they only carry a position from one search to the next. */
  flags: v.optional(v.pipe(v.string(), v.regex(/^[imsuv]*$/, 'expected flags out of i, m, s, u, v')), ''),
});

/**
 * The pattern, in JavaScript's dialect, matches anywhere in the answer (promptfoo). A pattern can take time exponential
 * in the answer (ReDoS), so it runs where it can be killed.
 */
export const regex = defineGrader({
  id: 'regex',
  form: 'text',
  parse: (spec) => {
    const { value, flags } = parseWith(optionsSchema, spec, 'regex grader');
    try {
      // Only read here: nothing is matched.
      new RegExp(value, flags);
    } catch (error) {
      throw badInput('regex grader', error instanceof Error ? error.message : 'not a pattern');
    }
    return { value, flags };
  },
  grade: async (answer, { value, flags }, _testCase, { runRegex }): Promise<GradeOutcome> => {
    if (runRegex === undefined) return notAvailable('regex');
    const reply = await runRegex(value, flags, answer);
    if (!reply.ok) return portFailed('regex', reply);
    const expected = value.slice(0, SHOWN_CHARACTERS);
    if (reply.value !== null) return pass({ expected, found: reply.value.slice(0, SHOWN_CHARACTERS) });
    return fail('missing', { expected, found: answer.slice(0, SHOWN_CHARACTERS) });
  },
});
