import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { jsonFormatEntries, matchTexts, readSchema } from './parts/json-format';
import { readJson } from '../text/json-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, ...jsonFormatEntries });

/** The whole answer is JSON and, where there is one, valid by the JSON Schema (promptfoo). */
export const isJson = defineGrader({
  id: 'is-json',
  parse: (spec) => readSchema(parseWith(optionsSchema, spec, 'is-json grader').value),
  grade: async (answer, schema, _testCase, ports): Promise<GradeOutcome> => {
    if (readJson(answer) === undefined) {
      return fail('malformed', { expected: 'JSON', found: answer.slice(0, SHOWN_CHARACTERS) });
    }
    return matchTexts('is-json', schema, [answer], ports);
  },
});
