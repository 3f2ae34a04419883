import * as v from 'valibot';
import { countGrams, countShared, splitTokens } from './parts/ngrams';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, judgeScore, thresholdEntry } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.pipe(v.string(), v.regex(/\S/, 'expected a word'), v.maxLength(20_000)),
  threshold: v.optional(thresholdEntry, 0.75),
});

/**
 * How much of the words the value and the answer share: the F-score of ROUGE-1 (Lin 2004), as promptfoo's `rouge-n`. It is
 * twice what they share over the words of both.
 */
export const rougeN = defineGrader({
  id: 'rouge-n',
  parse: (spec) => {
    const { value, threshold } = parseWith(optionsSchema, spec, 'rouge-n grader');
    const tokens = splitTokens(value);
    return { threshold, count: tokens.length, grams: countGrams(tokens, 1) };
  },
  grade: (answer, { grams, count, threshold }) => {
    const tokens = splitTokens(answer);
    return judgeScore((2 * countShared(countGrams(tokens, 1), grams)) / (count + tokens.length), threshold);
  },
});
