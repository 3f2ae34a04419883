import * as v from 'valibot';
import type { Device, Sampling, SessionInfo } from '../engine/engine';
import type { Fault } from '../fault';
import type { ChoiceScores, GraderOutcome } from '../graders/grader';

/** The bounds of what a person may ask for; the same for the form, the link and the database. */
export const samplingSchema = v.strictObject({
  temperature: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
  topP: v.pipe(v.number(), v.minValue(0.01), v.maxValue(1)),
  topK: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000)),
  seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff)),
  maxTokens: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096)),
}) satisfies v.GenericSchema<unknown, Sampling>;

export const SAMPLING_KEYS = Object.keys(samplingSchema.entries) as readonly (keyof Sampling)[];

export const DEFAULT_SAMPLING: Sampling = { temperature: 0, topP: 0.95, topK: 40, seed: 42, maxTokens: 96 };

/** The prompt and the answer share the context; sets of ours stay far below this for the prompt. */
const PROMPT_TOKENS = 1536;

/** The context that a run opens a model with. */
export function countContextTokens(
  { contextTokens }: { readonly contextTokens: number },
  { maxTokens }: Sampling,
): number {
  return Math.min(contextTokens, maxTokens + PROMPT_TOKENS);
}

/** Everything needed to repeat a run. */
export interface Setup {
  readonly model: { readonly id: string; readonly name: string };
  readonly artifact: {
    readonly id: string;
    readonly quantization: string;
    /** Of what the engine was given: with an adapter, of the merged file. */
    readonly sha256: string;
    /** LoRA adapters that were merged into the weights, and how strongly. */
    readonly adapters?: readonly { readonly name: string; readonly scale: number }[];
  };
  readonly session: SessionInfo;
  readonly templateSha256: string;
  /** The template has no place for the set's system text: it stood at the head of each question. */
  readonly systemInQuestion?: true;
  readonly set: {
    readonly id: string;
    readonly title: string;
    readonly language: string;
    readonly sha256: string;
    readonly caseCount: number;
  };
  readonly sampling: Sampling;
  /** How often each case is answered, with seeds that count up from the sampling's; absent for once. */
  readonly repeats?: number;
}

/** Answers to one case in one run, at most. */
export const MAX_REPEATS = 100;

/** Measurements of one answer. */
export interface Timing {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly answerTokens: number;
  /** From asking to the first token (TTFT), as the runner's clock saw it. */
  readonly firstTokenMs: number;
  /** From asking to the last token. */
  readonly totalMs: number;
  /** As the engine measured them. */
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface GradedResult {
  readonly kind: 'graded';
  readonly caseId: string;
  /** Which of several answers to the case, from 0; absent for the first. */
  readonly repeat?: number;
  /** The text the model was given. */
  readonly prompt: string;
  readonly answer: string;
  readonly finish: 'stop' | 'length';
  readonly status: 'pass' | 'fail' | 'not-run';
  readonly score: number;
  readonly outcomes: readonly GraderOutcome[];
  /** Absent where no grader names one, and in runs of older versions. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Where the choices were scored by likelihood instead of being answered in words; `answer` is the likeliest one. */
  readonly choices?: ChoiceScores;
  readonly timing: Timing;
}

export interface FailedResult {
  readonly kind: 'failed';
  readonly caseId: string;
  readonly repeat?: number;
  readonly prompt: string;
  /** What had been written before the fault. */
  readonly answer: string;
  readonly fault: Fault;
}

export type Result = GradedResult | FailedResult;

export type RunEnd =
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly fault: Fault };

type Runner = Pick<SessionInfo, 'engineId' | 'engineVersion' | 'backend' | 'threads'>;

/** An engine broke in the middle of a run: another did that case from its beginning, and those after it. */
export interface EngineSwitch {
  readonly caseId: string;
  readonly from: Runner;
  readonly to: Runner;
  readonly fault: Fault;
}

/** A run as the journal holds it; without an `end` it is under way or was interrupted. */
export interface Run {
  readonly id: string;
  readonly setup: Setup;
  readonly device: Device;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** In order; `setup.session` is what began the run. */
  readonly switches?: readonly EngineSwitch[];
  readonly end?: RunEnd;
}
