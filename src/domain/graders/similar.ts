import * as v from 'valibot';
import { parseWith } from '../parse';
import {
  commonEntries,
  defineGrader,
  notAvailable,
  thresholdEntry,
  type GradeOutcome,
  type Verdict,
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

/** How near two embeddings are; of a distance, less is nearer, and the threshold is the most that passes. */
interface Metric {
  readonly measure: (one: Float32Array, other: Float32Array) => number;
  readonly isDistance: boolean;
}
type Options = v.InferOutput<typeof optionsSchema> & { readonly metric: Metric };

const COSINE: Metric = { measure: measureCosine, isDistance: false };
const METRICS: ReadonlyMap<string, Metric> = new Map([
  ['cosine', COSINE],
  ['dot', { measure: multiply, isDistance: false }],
  ['euclidean', { measure: measureDistance, isDistance: true }],
]);

/**
 * The answer means much the same as one of the values (promptfoo's `similar`): by the cosine of their embeddings, or as
 * `similar:dot` by their product, `similar:euclidean` by their distance.
 */
export const similar = defineGrader({
  id: 'similar',
  parse: (spec): Options => ({
    ...parseWith(optionsSchema, spec, 'similar grader'),
    metric: METRICS.get(spec.type.split(':')[1] ?? 'cosine') ?? COSINE,
  }),
  grade: async (answer, options, _testCase, { embed }): Promise<GradeOutcome> => {
    if (embed === undefined) return notAvailable('embeddings');
    const { value, metric, threshold } = options;
    const [own, ...others] = await embed([answer, ...value]);
    if (own === undefined || others.length !== value.length) return notAvailable('embeddings');
    const measured = others.map((other) => metric.measure(own, other));
    const nearest = metric.isDistance ? Math.min(...measured) : Math.max(...measured);
    // As in promptfoo, the score is that of the first value that passes.
    const first = measured.find((each) => isNear(each, options)) ?? nearest;
    const passes = isNear(first, options);
    const score = scoreOf(first, metric);
    return {
      ...judge(passes, score, `${metric.isDistance ? '≤' : '≥'} ${threshold}`, first),
      raw: nearest,
    };
  },
  // At the threshold itself, promptfoo passes both the grader and its opposite.
  negate: ({ raw = 0 }, { threshold, metric }) => {
    const isFar = metric.isDistance ? raw >= threshold - Number.EPSILON : raw <= threshold + Number.EPSILON;
    const expected = `${metric.isDistance ? '≥' : '≤'} ${threshold}`;
    return { ...judge(isFar, 1 - scoreOf(raw, metric), expected, raw), raw };
  },
});

function isNear(measured: number, { threshold, metric: { isDistance } }: Options): boolean {
  return isDistance ? measured <= threshold + Number.EPSILON : measured >= threshold - Number.EPSILON;
}

function judge(passes: boolean, score: number, expected: string, measured: number): Verdict {
  const shown = { expected, found: measured.toFixed(2) };
  return { pass: passes, score, reason: { code: passes ? 'matched' : 'out-of-range', ...shown } };
}

/** A distance as promptfoo scores it; a product can leave 0 to 1, where a score has to stay. */
function scoreOf(measured: number, { isDistance }: Metric): number {
  return isDistance ? 1 / (1 + measured) : Math.min(1, Math.max(0, measured));
}

function multiply(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}

/** -1 to 1; 0 for a vector of zeros. */
function measureCosine(one: Float32Array, other: Float32Array): number {
  const length = Math.sqrt(multiply(one, one) * multiply(other, other));
  return length === 0 ? 0 : multiply(one, other) / length;
}

function measureDistance(one: Float32Array, other: Float32Array): number {
  return Math.sqrt(one.reduce((sum, value, index) => sum + (value - (other[index] ?? 0)) ** 2, 0));
}
