import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { xmlFormatEntries } from './parts/xml-format';
import { findXmlElements, hasElement, readXml } from './parts/xml-text';
import { commonEntries, defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, ...xmlFormatEntries });

/** The answer has XML in it, and in that the elements asked for, from the outermost element on (promptfoo). */
export const containsXml = defineGrader({
  id: 'contains-xml',
  parse: (spec) => parseWith(optionsSchema, spec, 'contains-xml grader').value,
  grade: (answer, required) => {
    const found = answer.slice(0, SHOWN_CHARACTERS);
    const fragments = findXmlElements(answer)
      .map(readXml)
      .filter((parsed) => parsed !== undefined);
    if (fragments.length === 0) return fail('malformed', { expected: 'XML', found });
    const missing = required.filter((path) => !fragments.some((parsed) => hasElement(parsed, path)));
    if (missing.length === 0) return pass({ found });
    return fail('missing', { expected: missing.join(', ').slice(0, SHOWN_CHARACTERS), found });
  },
});
