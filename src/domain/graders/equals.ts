import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { isSameJson, jsonValueSchema, readJson } from '../text/json-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: jsonValueSchema,
  ignoreCase: v.optional(v.boolean(), false),
  ignorePunctuation: v.optional(v.boolean(), false),
});

/** Python's `string.punctuation`: what lm-eval's `exact_match` removes, so that imported tasks score the same. */
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;

/**
 * The whole answer is the value, character by character: white space counts too, as in promptfoo's `equals`. Where the
 * value is JSON of more than one part, the answer has to be the same JSON.
 * `ignoreCase` and `ignorePunctuation` are those of lm-eval's `exact_match`.
 */
export const equals = defineGrader({
  id: 'equals',
  form: 'text',
  parse: (spec) => parseWith(optionsSchema, spec, 'equals grader'),
  grade: (answer, { value, ignoreCase, ignorePunctuation }) => {
    const isJson = typeof value === 'object';
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const shown = { expected: text.slice(0, SHOWN_CHARACTERS), found: answer.slice(0, SHOWN_CHARACTERS) };
    const reduce = (each: string) => {
      const cased = ignoreCase ? each.toLowerCase() : each;
      return ignorePunctuation ? cased.replace(ASCII_PUNCTUATION, '') : cased;
    };
    const read = isJson ? readJson(answer) : undefined;
    const isSame = isJson
      ? read !== undefined && isSameJson(value, read.value)
      : reduce(answer) === reduce(text);
    if (isSame) return pass(shown);
    return fail(answer.trim() === '' ? 'no-answer' : 'different', shown);
  },
});
