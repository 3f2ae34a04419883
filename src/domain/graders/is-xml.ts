import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { xmlFormatEntries } from './parts/xml-format';
import { hasElement, readXml } from './parts/xml-text';
import { commonEntries, defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, ...xmlFormatEntries });

/** The whole answer is a well-formed XML document that has the elements asked for (promptfoo). */
export const isXml = defineGrader({
  id: 'is-xml',
  parse: (spec) => parseWith(optionsSchema, spec, 'is-xml grader').value,
  grade: (answer, required) => {
    const found = answer.slice(0, SHOWN_CHARACTERS);
    const parsed = readXml(answer);
    if (parsed === undefined) return fail('malformed', { expected: 'XML', found });
    const missing = required.filter((path) => !hasElement(parsed, path));
    if (missing.length === 0) return pass({ found });
    return fail('missing', { expected: missing.join(', ').slice(0, SHOWN_CHARACTERS), found });
  },
});
