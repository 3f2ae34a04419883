import * as v from 'valibot';
import { BACKEND_FACTS, BACKENDS } from '../engine/backends';
import { parseWith } from '../parse';

/** How thoroughly to measure. A slow engine gets fewer repetitions than asked for; how many is always shown. */
export interface SpeedPlan {
  readonly id: 'quick' | 'thorough';
  /** Sentences of the prompt: about 20 tokens each. */
  readonly promptSentences: number;
  readonly answerTokens: number;
  /** Timed ones, after one to warm up. */
  readonly repetitions: number;
  /** No further repetition of an engine begins after this long. */
  readonly budgetMs: number;
}

export const SPEED_PLANS: readonly SpeedPlan[] = [
  { id: 'quick', promptSentences: 5, answerTokens: 24, repetitions: 5, budgetMs: 10_000 },
  { id: 'thorough', promptSentences: 12, answerTokens: 64, repetitions: 10, budgetMs: 60_000 },
];

/** What the comparison is against: llama.cpp on the CPU, the widest-used engine for these files. */
const BASELINE = { engineId: 'wllama', backend: 'wasm' } as const;

const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1e12));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e9));
const rate = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e18));
const samples = (each: typeof rate | typeof milliseconds) =>
  v.pipe(v.array(each), v.minLength(1), v.maxLength(100), v.readonly());

const rooflinePoint = {
  threads: v.pipe(count, v.minValue(1)),
  /** Of memory larger than the caches. */
  readBytesPerSecond: rate,
  /** int8 multiply-adds in registers, each counted as two operations. */
  dotOpsPerSecond: rate,
};
const rooflineSchema = v.strictObject({
  ...rooflinePoint,
  build: text(40),
  dotMode: text(40),
  /** Whose multiply-add was measured; links made before it was told lack it. */
  kernel: v.exactOptional(text(40)),
  oneThread: v.strictObject(rooflinePoint),
});

const contender = { engineId: text(40), engineLabel: text(60), backend: v.picklist(BACKENDS) };
const measuredSchema = v.strictObject({
  ...contender,
  engineVersion: text(120),
  threads: v.pipe(count, v.minValue(1)),
  /** The graphics device as the browser names it, where one computed. */
  adapter: v.exactOptional(text(120)),
  /** Tokens read in each repetition: the prompt's, less what was cached. */
  promptTokens: count,
  /** Tokens written in each repetition. */
  answerTokens: count,
  /** From the stored file to ready. */
  loadMs: milliseconds,
  /** One each per repetition, in order. */
  firstTokenMs: samples(milliseconds),
  prefillTokensPerSecond: samples(rate),
  decodeTokensPerSecond: samples(rate),
});
const unavailableSchema = v.strictObject({
  ...contender,
  unavailable: v.strictObject({
    /** The browser has no WebGPU; it has, but no graphics device for it; the engine refuses the model; it failed. */
    code: v.picklist(['no-webgpu', 'no-adapter', 'unsupported', 'failed']),
    detail: text(400),
  }),
});

const speedReportSchema = v.strictObject({
  version: v.literal(1),
  startedAt: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15)),
  end: v.picklist(['finished', 'stopped', 'failed', 'open']),
  plan: v.picklist(['quick', 'thorough']),
  contextTokens: count,
  model: v.strictObject({ id: text(80), name: text(400), parameters: v.pipe(count, v.minValue(1)) }),
  artifact: v.strictObject({
    id: text(80),
    quantization: text(400),
    /** Empty where the engine fetches the weights itself and tells no hash. */
    sha256: v.pipe(v.string(), v.regex(/^([0-9a-f]{64})?$/)),
    bytes: v.pipe(count, v.minValue(1)),
  }),
  /** No user agent: a link tells no more of a device than its figures need. */
  device: v.strictObject({ logicalCores: count, crossOriginIsolated: v.boolean() }),
  /** Null where it was not measured. */
  roofline: v.nullable(rooflineSchema),
  entries: v.pipe(
    v.array(v.union([measuredSchema, unavailableSchema])),
    v.maxLength(16),
    v.check(
      (entries) =>
        new Set(entries.map(({ engineId, backend }) => `${engineId} ${backend}`)).size === entries.length,
      'entries repeat',
    ),
    v.readonly(),
  ),
});

/** What one device measured. Plain data, for the worker, the page and the link. */
export type SpeedReport = Readonly<v.InferOutput<typeof speedReportSchema>>;
export type SpeedRoofline = Readonly<v.InferOutput<typeof rooflineSchema>>;
export type MeasuredSpeed = Readonly<v.InferOutput<typeof measuredSchema>>;
export type UnavailableSpeed = Readonly<v.InferOutput<typeof unavailableSchema>>;
export type SpeedEntry = MeasuredSpeed | UnavailableSpeed;

/** A report from a link or a store. @throws FaultError `bad-input` */
export function parseSpeedReport(input: unknown, what: string): SpeedReport {
  return parseWith(speedReportSchema, input, what);
}

export function isMeasured(entry: SpeedEntry): entry is MeasuredSpeed {
  return !('unavailable' in entry);
}

/** Repetitions in few numbers. */
interface SampleSummary {
  readonly count: number;
  readonly median: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Of the sample (n − 1); absent for one repetition. */
  readonly standardDeviation?: number;
}

/** @throws RangeError for no samples */
export function summariseSamples(values: readonly number[]): SampleSummary {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError('no samples');
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? min) + (sorted[Math.ceil(middle)] ?? min)) / 2;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count: sorted.length,
    median,
    mean,
    min,
    max,
    ...(sorted.length > 1 && { standardDeviation: Math.sqrt(squares / (sorted.length - 1)) }),
  };
}

/** One phase of an engine: reading the prompt (prefill) or writing the answer (decode). */
export interface PhaseSpeed extends SampleSummary {
  /** Median against the baseline's; absent for the baseline itself and where that was not measured. */
  readonly ratio?: number;
  /** Of the device's roof; absent where no roof was measured, and on a GPU, which has another. */
  readonly ofRoof?: number;
}

export interface SpeedFigures {
  readonly entry: MeasuredSpeed;
  readonly prefill: PhaseSpeed;
  readonly decode: PhaseSpeed;
  readonly firstTokenMs: SampleSummary;
}

/**
 * The figures of every engine that was measured, with the part of the roof that it reaches:
 * - decode: file bytes × tokens/s ÷ read bandwidth, because each token reads every weight once. A model whose token
 *   table is not also its output layer reads less. Above 1 where the caches hold a good part of the weights.
 * - prefill: 2 × parameters × tokens/s ÷ dot peak, the usual count of operations of a forward pass (J. Kaplan et al.,
 *   "Scaling laws for neural language models", 2020, C ≈ 2N). The output layer, computed for the last token only,
 *   counts as if it were for all.
 */
export function computeSpeedFigures(report: SpeedReport): readonly SpeedFigures[] {
  const { roofline, artifact, model } = report;
  const measured = report.entries.filter(isMeasured);
  const isBaseline = (entry: MeasuredSpeed) =>
    entry.engineId === BASELINE.engineId && entry.backend === BASELINE.backend;
  const baseline = measured.find(isBaseline);
  return measured.map((entry) => {
    const summarise = (
      pick: (from: MeasuredSpeed) => readonly number[],
      perToken: number,
      roof: number | undefined,
    ): PhaseSpeed => {
      const summary = summariseSamples(pick(entry));
      const base = baseline === undefined ? 0 : summariseSamples(pick(baseline)).median;
      return {
        ...summary,
        ...(base > 0 && !isBaseline(entry) && { ratio: summary.median / base }),
        ...(roof !== undefined &&
          roof > 0 &&
          BACKEND_FACTS[entry.backend].computesOn === 'processor' && {
            ofRoof: (perToken * summary.median) / roof,
          }),
      };
    };
    return {
      entry,
      prefill: summarise(
        (from) => from.prefillTokensPerSecond,
        2 * model.parameters,
        roofline?.dotOpsPerSecond,
      ),
      decode: summarise((from) => from.decodeTokensPerSecond, artifact.bytes, roofline?.readBytesPerSecond),
      firstTokenMs: summariseSamples(entry.firstTokenMs),
    };
  });
}
