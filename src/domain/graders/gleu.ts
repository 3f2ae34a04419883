import * as v from 'valibot';
import { countGrams, countShared, referencesSchema, splitWords } from './parts/ngrams';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, judgeScore, thresholdEntry } from './grader';

const optionsSchema = v.strictObject({
  ...commonEntries,
  value: referencesSchema,
  threshold: v.optional(thresholdEntry, 0.5),
});

const LENGTHS = [1, 2, 3, 4];

/**
 * The smaller of precision and recall over all runs of one to four words: Google's GLEU (Wu et al. 2016), as promptfoo
 * has it. Full stops at the end of words do not count.
 */
export const gleu = defineGrader({
  id: 'gleu',
  parse: (spec) => {
    const { value, threshold } = parseWith(optionsSchema, spec, 'gleu grader');
    return { threshold, references: value.map(countAll).filter(({ total }) => total > 0) };
  },
  grade: (answer, { references, threshold }) => {
    const own = countAll(answer);
    const scores = references.map(({ grams, total }) => {
      const shared = grams.reduce(
        (sum, each, index) => sum + countShared(each, own.grams[index] ?? new Map()),
        0,
      );
      return shared / Math.max(total, own.total);
    });
    return judgeScore(Math.max(0, ...scores), threshold);
  },
});

function countAll(text: string): { readonly grams: readonly Map<string, number>[]; readonly total: number } {
  const words = splitWords(text)
    .map(dropFullStops)
    .filter((word) => word !== '');
  const grams = LENGTHS.map((length) => countGrams(words, length));
  return { grams, total: LENGTHS.reduce((sum, length) => sum + Math.max(0, words.length - length + 1), 0) };
}

/** Not by a pattern: `\.+$` takes quadratic time on dots that do not end a word. */
function dropFullStops(word: string): string {
  let end = word.length;
  while (word[end - 1] === '.') end--;
  return word.slice(0, end);
}
