import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { isHtmlOnly } from './parts/html-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject(commonEntries);

/** The whole answer is HTML, with nothing outside its elements (promptfoo). */
export const isHtml = defineGrader({
  id: 'is-html',
  parse: (spec) => parseWith(optionsSchema, spec, 'is-html grader'),
  grade: (answer) => {
    const found = answer.slice(0, SHOWN_CHARACTERS);
    return isHtmlOnly(answer) ? pass({ found }) : fail('malformed', { expected: 'HTML', found });
  },
});
