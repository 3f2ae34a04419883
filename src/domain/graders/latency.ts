import * as v from 'valibot';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, pass, thresholdEntry, type GradeOutcome } from './grader';

const optionsSchema = v.strictObject({ ...commonEntries, threshold: v.optional(thresholdEntry) });

/** The answer took at most so many milliseconds; without a threshold it is only recorded (promptfoo). */
export const latency = defineGrader({
  id: 'latency',
  parse: (spec) => {
    const { threshold } = parseWith(optionsSchema, spec, 'latency grader');
    if (threshold === undefined && spec.type.startsWith('not-'))
      throw badInput('latency grader', 'no threshold');
    return threshold;
  },
  grade: (_answer, threshold, _testCase, { totalMs }): GradeOutcome => {
    if (totalMs === undefined) return { notRun: { code: 'not-measured', expected: 'latency' } };
    const found = `${Math.round(totalMs)} ms`;
    if (threshold === undefined) return { ...pass({ found }), measured: totalMs };
    const shown = { expected: `≤ ${threshold} ms`, found };
    return totalMs <= threshold ? pass(shown) : fail('out-of-range', shown);
  },
});
