import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { jsonFormatEntries, matchTexts, readSchema } from './parts/json-format';
import { findJsonObjects } from '../text/json-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, ...jsonFormatEntries });

/** The answer has a JSON object in it and, where there is one, that is valid by the JSON Schema (promptfoo). */
export const containsJson = defineGrader({
  id: 'contains-json',
  parse: (spec) => readSchema(parseWith(optionsSchema, spec, 'contains-json grader').value),
  grade: async (answer, schema, _testCase, ports): Promise<GradeOutcome> => {
    const objects = findJsonObjects(answer);
    if (objects.length === 0) {
      return fail('malformed', { expected: 'JSON', found: answer.slice(0, SHOWN_CHARACTERS) });
    }
    return matchTexts('contains-json', schema, objects, ports);
  },
});
