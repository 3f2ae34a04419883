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
/** Stands for a precision of nothing, whose logarithm is none; promptfoo's. */
const SMOOTHING = 1e-7;

/** How much of the answer is in the value: BLEU-4 (Papineni et al. 2002), smoothed as promptfoo does. */
export const bleu = defineGrader({
  id: 'bleu',
  parse: (spec) => {
    const { value, threshold } = parseWith(optionsSchema, spec, 'bleu grader');
    const references = value.map(splitWords).filter((words) => words.length > 0);
    return {
      threshold,
      lengths: references.map((words) => words.length),
      grams: LENGTHS.map((length) => references.map((words) => countGrams(words, length))),
    };
  },
  grade: (answer, { lengths, grams, threshold }) => {
    const words = splitWords(answer);
    if (words.length === 0 || lengths.length === 0) return judgeScore(0, threshold);
    // An answer too short for the longer runs is judged by the shorter ones.
    const usable = grams.filter((_references, index) => words.length > index);
    const meanLog =
      usable.reduce((sum, references, index) => {
        const own = countGrams(words, index + 1);
        const shared = Math.max(...references.map((reference) => countShared(own, reference)));
        return sum + Math.log(shared > 0 ? shared / (words.length - index) : SMOOTHING);
      }, 0) / usable.length;
    const closest = lengths.reduce((best, length) => {
      const nearer = Math.abs(best - words.length) - Math.abs(length - words.length);
      return nearer > 0 || (nearer === 0 && length < best) ? length : best;
    });
    const brevity = words.length > closest ? 1 : Math.exp(1 - closest / words.length);
    return judgeScore(brevity * Math.exp(meanLog), threshold);
  },
});
