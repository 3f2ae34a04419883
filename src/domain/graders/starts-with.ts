import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.minLength(1), v.maxLength(20_000)),
});

/** The answer begins with the value, character by character (promptfoo). */
export const startsWith = defineGrader({
  id: 'starts-with',
  parse: (spec) => parseWith(optionsSchema, spec, 'starts-with grader'),
  grade: (answer, { value }) => {
    const expected = value.slice(0, SHOWN_CHARACTERS);
    const found = answer.slice(0, SHOWN_CHARACTERS);
    return answer.startsWith(value) ? pass({ expected, found }) : fail('missing', { expected, found });
  },
});
