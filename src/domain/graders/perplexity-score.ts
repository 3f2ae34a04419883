import * as v from 'valibot';
import { parseWith } from '../parse';
import { measurePerplexity } from '../statistics/perplexity';
import { commonEntries, defineGrader, judgeScore, thresholdEntry, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, threshold: v.optional(thresholdEntry, 0) });

/** 1 / (1 + perplexity): 0 to ½, more is surer; at least the threshold (promptfoo). */
export const perplexityScore = defineGrader({
  id: 'perplexity-score',
  parse: (spec) => parseWith(optionsSchema, spec, 'perplexity-score grader'),
  grade: (_answer, { threshold }, _testCase, { logprobs }): GradeOutcome => {
    const measured = measurePerplexity(logprobs);
    if (measured === undefined) return { notRun: { code: 'not-measured', expected: 'logprobs' } };
    return judgeScore(1 / (1 + measured), threshold);
  },
});
