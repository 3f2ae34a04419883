import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass, type GradeOutcome, type GraderPorts } from './grader';
import {
  answerFilterSchema,
  checkAnswerFilter,
  filterAnswer,
  removePatterns,
  whileRunning,
} from './parts/answer-filters';
import { translatePattern } from '../text/python-pattern';

const gold = v.pipe(v.string(), v.maxLength(20_000));
const optionsSchema = v.strictObject({
  ...commonEntries,
  /** Of several right answers one is enough. */
  value: v.union([gold, v.pipe(v.array(gold), v.minLength(1), v.maxLength(1_000))]),
  /** What is done to the answer first, in this order. */
  filters: v.optional(v.pipe(v.array(answerFilterSchema), v.maxLength(20)), []),
  ignoreCase: v.optional(v.boolean(), false),
  ignorePunctuation: v.optional(v.boolean(), false),
  ignoreNumbers: v.optional(v.boolean(), false),
  /** Patterns, in Python's dialect, whose matches count neither in the answer nor in the value. */
  ignore: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(5_000))), v.maxLength(20)), []),
});
type ExactMatchOptions = v.InferOutput<typeof optionsSchema>;

/** Python's `string.punctuation`. */
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/g;

/**
 * What lm-eval's filters leave of the answer is the value, character by character: its `exact_match`, with its options.
 * Filters and patterns are those of the task's file; patterns run where they can be killed.
 */
export const exactMatch = defineGrader({
  id: 'exact-match',
  parse: (spec): ExactMatchOptions => {
    const options = parseWith(optionsSchema, spec, 'exact-match grader');
    options.filters.forEach(checkAnswerFilter);
    options.ignore.forEach(translatePattern);
    return options;
  },
  grade: async (answer, options, _testCase, ports): Promise<GradeOutcome> => {
    const { value, filters } = options;
    const golds = typeof value === 'string' ? [value] : value;
    const done = await whileRunning(async () => {
      const filtered = await filterAnswer(answer, filters, ports);
      return { filtered, isRight: await isOneOf(filtered.text, golds, options, ports) };
    });
    if ('outcome' in done) return done.outcome;
    const { filtered, isRight } = done.value;
    const shown = { expected: shorten(golds.join(' | ')), found: shorten(filtered.text ?? answer) };
    if (isRight) return pass(shown);
    const isUnread = filtered.isFallback || (filtered.text ?? '').trim() === '';
    return fail(isUnread ? 'no-answer' : 'different', shown);
  },
});

async function isOneOf(
  answer: string | undefined,
  golds: readonly string[],
  options: ExactMatchOptions,
  ports: GraderPorts,
): Promise<boolean> {
  if (answer === undefined) return false;
  const reduced = await reduce(answer, options, ports);
  for (const each of golds) if ((await reduce(each, options, ports)) === reduced) return true;
  return false;
}

async function reduce(
  text: string,
  { ignore, ignoreCase, ignorePunctuation, ignoreNumbers }: ExactMatchOptions,
  ports: GraderPorts,
): Promise<string> {
  const left = await removePatterns(text, ignore, ports);
  const cased = ignoreCase ? left.toLowerCase() : left;
  const plain = ignorePunctuation ? cased.replace(ASCII_PUNCTUATION, '') : cased;
  return ignoreNumbers ? plain.replace(/[0-9]/g, '') : plain;
}

function shorten(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS);
}
