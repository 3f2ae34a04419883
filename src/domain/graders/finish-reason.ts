import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.minLength(1), v.maxLength(60)),
});

/** Why the model stopped: `stop` by itself, `length` at the limit of tokens; upper or lower case (promptfoo). */
export const finishReason = defineGrader({
  id: 'finish-reason',
  parse: (spec) => parseWith(optionsSchema, spec, 'finish-reason grader'),
  grade: (_answer, { value }, _testCase, { finish }): GradeOutcome => {
    if (finish === undefined) return { notRun: { code: 'not-measured', expected: 'finish reason' } };
    const shown = { expected: value.slice(0, SHOWN_CHARACTERS), found: finish };
    return value.toLowerCase() === finish ? pass(shown) : fail('different', shown);
  },
});
