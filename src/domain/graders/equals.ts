import * as v from 'valibot';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  value: v.pipe(v.string(), v.maxLength(20_000)),
  ignoreCase: v.optional(v.boolean(), false),
  ignorePunctuation: v.optional(v.boolean(), false),
});

/** Python's `string.punctuation`: what lm-eval's `exact_match` removes, so that imported tasks score the same. */
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;
const SHOWN_CHARACTERS = 80;

/**
 * The whole answer is the value, character by character: white space counts too, as in promptfoo's `equals`.
 * `ignoreCase` and `ignorePunctuation` are those of lm-eval's `exact_match`.
 */
export const equals = defineGrader({
  id: 'equals',
  parse: (spec) => parseWith(optionsSchema, spec, 'equals grader'),
  grade: (answer, options) => {
    const reduce = (text: string) => {
      const cased = options.ignoreCase ? text.toLowerCase() : text;
      return options.ignorePunctuation ? cased.replace(ASCII_PUNCTUATION, '') : cased;
    };
    const shown = {
      expected: options.value.slice(0, SHOWN_CHARACTERS),
      found: answer.slice(0, SHOWN_CHARACTERS),
    };
    if (reduce(answer) === reduce(options.value)) return pass(shown);
    return fail(answer.trim() === '' ? 'no-answer' : 'different', shown);
  },
});
