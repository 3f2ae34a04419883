import * as v from 'valibot';
import { parseWith } from '../parse';
import { measurePerplexity } from '../statistics/perplexity';
import { commonEntries, defineGrader, fail, pass, thresholdEntry, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, threshold: v.optional(thresholdEntry) });

/** How surprised the model was by its own answer is at most the threshold; without one it passes (promptfoo). */
export const perplexity = defineGrader({
  id: 'perplexity',
  parse: (spec) => parseWith(optionsSchema, spec, 'perplexity grader'),
  grade: (_answer, { threshold }, _testCase, { logprobs }): GradeOutcome => {
    const measured = measurePerplexity(logprobs);
    if (measured === undefined) return { notRun: { code: 'not-measured', expected: 'logprobs' } };
    const found = measured.toFixed(2);
    if (threshold === undefined || threshold === 0) return pass({ found });
    const shown = { expected: `≤ ${threshold}`, found };
    return measured <= threshold ? pass(shown) : fail('out-of-range', shown);
  },
});
