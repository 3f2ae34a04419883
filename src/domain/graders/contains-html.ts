import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { hasHtml } from './parts/html-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject(commonEntries);

/** The answer has HTML in it (promptfoo). */
export const containsHtml = defineGrader({
  id: 'contains-html',
  parse: (spec) => parseWith(optionsSchema, spec, 'contains-html grader'),
  grade: (answer) => {
    const found = answer.slice(0, SHOWN_CHARACTERS);
    return hasHtml(answer) ? pass({ found }) : fail('malformed', { expected: 'HTML', found });
  },
});
