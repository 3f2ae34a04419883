import * as v from 'valibot';
import { parseWith } from '../parse';
import {
  commonEntries,
  defineGrader,
  judgeScore,
  notAvailable,
  thresholdEntry,
  type GradeOutcome,
} from './grader';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(20_000));
const optionsSchema = v.strictObject({
  ...commonEntries,
  value: v.union([
    v.pipe(
      text,
      v.transform((value) => [value]),
    ),
    v.pipe(v.array(text), v.minLength(1), v.maxLength(20)),
  ]),
  threshold: v.optional(thresholdEntry, 0.75),
});

/** The answer means much the same as one of the values: cosine of their embeddings (promptfoo's `similar`). */
export const similar = defineGrader({
  id: 'similar',
  parse: (spec) => parseWith(optionsSchema, spec, 'similar grader'),
  grade: async (answer, { value, threshold }, _testCase, { embed }): Promise<GradeOutcome> => {
    if (embed === undefined) return notAvailable('embeddings');
    const [own, ...others] = await embed([answer, ...value]);
    if (own === undefined || others.length !== value.length) return notAvailable('embeddings');
    return judgeScore(
      Math.max(...others.map((other) => measureCosine(own, other))) + Number.EPSILON,
      threshold,
    );
  },
  // At the threshold itself, promptfoo passes both the grader and its opposite.
  negate: ({ score, reason: { expected: _expected, ...shown } }, { threshold }) => {
    const pass = score <= threshold + Number.EPSILON;
    const expected = `≤ ${threshold}`;
    return {
      pass,
      score: 1 - score,
      reason: { ...shown, code: pass ? 'matched' : 'out-of-range', expected },
    };
  },
});

/** -1 to 1; 0 for a vector of zeros. */
function measureCosine(one: Float32Array, other: Float32Array): number {
  let product = 0;
  let oneSquared = 0;
  let otherSquared = 0;
  one.forEach((value, index) => {
    const opposite = other[index] ?? 0;
    product += value * opposite;
    oneSquared += value * value;
    otherSquared += opposite * opposite;
  });
  const length = Math.sqrt(oneSquared * otherSquared);
  return length === 0 ? 0 : product / length;
}
