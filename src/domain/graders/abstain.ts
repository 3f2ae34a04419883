import * as v from 'valibot';
import { isAbstention } from '../text/abstention';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({ type: v.string(), weight: v.optional(v.number()) });

/** The right answer is to say that one does not know: for questions that nobody could answer. */
export const abstain = defineGrader({
  id: 'abstain',
  parse: (spec) => parseWith(optionsSchema, spec, 'abstain grader'),
  grade: (answer) => {
    if (answer.trim() === '') return fail('no-answer', {});
    const shown = { found: answer.trim().slice(0, SHOWN_CHARACTERS) };
    return isAbstention(answer) ? pass(shown) : fail('different', shown);
  },
});
