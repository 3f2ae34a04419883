import * as v from 'valibot';
import { SHOWN_CHARACTERS } from '../text/answer-text';
import type { Vote } from './majority';
import type { Case, GraderSpec } from '../sets/test-set';

/**
 * Why a grader decided as it did, as data: `ui/` words it in the reader's language.
 * `expected` and `found` are shown beside it, as text.
 */
export interface Reason {
  readonly code:
    | 'matched'
    | 'different'
    | 'missing'
    | 'no-answer'
    | 'ambiguous'
    /** A `not-` grader found what must not be there. */
    | 'forbidden'
    /** A measured value is on the wrong side of its limit. */
    | 'out-of-range'
    /** Not in the format that `expected` names. */
    | 'malformed'
    /** The set's own code threw, or returned what is no verdict. */
    | 'script-error'
    /** Most of several answers do not say what is right; `found` counts them. */
    | 'outvoted'
    /** No answer has more votes than every other. */
    | 'tied'
    /** A model's own opinion, for or against: shown, but never counted. */
    | 'self-judged'
    // Not run:
    | 'unknown-grader'
    | 'bad-options'
    /** This device, page or run has no part for it; `expected` names the part. */
    | 'not-available'
    /** What `expected` names was not measured with the answer. */
    | 'not-measured'
    /** The set's own code needs a person's yes. */
    | 'not-allowed'
    | 'timeout'
    | 'too-large'
    /** The judge says one thing in one order and another in the other. */
    | 'judge-undecided';
  readonly expected?: string;
  readonly found?: string;
}

export interface Verdict {
  readonly pass: boolean;
  /** 0 to 1. */
  readonly score: number;
  readonly reason: Reason;
  /** In the grader's own unit, where its named metric is to record that instead of the score. */
  readonly measured?: number;
  /** What was compared with the threshold, where the score does not tell it. */
  readonly raw?: number;
  /** Metrics that the grader names itself. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** A grader that could not run: neither pass nor fail. */
export interface NotRun {
  readonly notRun: Reason;
}

export type GradeOutcome = Verdict | NotRun;

/** What one grader of a case says of an answer. */
export interface GraderOutcome {
  readonly type: string;
  readonly verdict: GradeOutcome;
  /** Shown, but it decides nothing: of weight 0, or an opinion. */
  readonly recorded?: true;
  /** Of an `assert-set`. */
  readonly parts?: readonly GraderOutcome[];
}

/** What all graders of a case say of an answer. */
export interface CaseGrade {
  readonly outcomes: readonly GraderOutcome[];
  /** `not-run` when any grader could not run, or none counts: such a case is neither passed nor failed. */
  readonly status: 'pass' | 'fail' | 'not-run';
  /** Weighted mean of the graders' scores, 0 to 1. A weight of 0 records a grader without counting it. */
  readonly score: number;
  /** Weighted mean of each metric that graders name. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What a model makes of each choice of a case. */
export interface ChoiceScores {
  /** Natural logarithm of the probability of each choice after the prompt: the sum over its tokens. */
  readonly loglikelihoods: readonly number[];
  /** The same without the prompt; only where the scoring asks for it. */
  readonly unconditional?: readonly number[];
  /** Whether each token of a choice was the likeliest one (lm-eval's `exact_match`, for the right choice). */
  readonly greedy: readonly boolean[];
  /** Tokens of each choice. */
  readonly tokens: readonly number[];
}

/** How a grader wants the choices of a case scored. */
export interface ChoiceScoring {
  /** Whether the model sees the prompt as a turn of a chat, not as bare text. */
  readonly chat: boolean;
  /** Between the prompt and a choice, where the prompt is bare text (lm-eval's `target_delimiter`). */
  readonly delimiter: string;
  /** Whether the likelihoods of the choices after nothing are needed too. */
  readonly unconditional: boolean;
  /** Index of the choice that counts as the answer; undefined where the scoring lacks its figures. */
  choose(choices: readonly string[], scores: ChoiceScores): number | undefined;
}

/** What is known of an answer beside its text. */
export interface AnswerFacts {
  readonly finish?: 'stop' | 'length';
  /** From asking to the last token. */
  readonly totalMs?: number;
  /** Natural logarithm of each token's probability, for all tokens of the answer. */
  readonly logprobs?: readonly number[];
  /** Where the choices were scored by likelihood; the answer is then the text of the chosen one. */
  readonly choiceScores?: ChoiceScores;
}

/** What a port found, or why it did not. */
export type PortReply<Value> =
  | { readonly ok: true; readonly value: Value }
  | {
      readonly ok: false;
      /** `bad-options`: the pattern, schema or script cannot be read; `threw`: the script did. */
      readonly code: 'timeout' | 'too-large' | 'not-available' | 'bad-options' | 'threw';
      readonly detail: string;
    };

/** What graders need from outside; where a port is absent, a grader that needs it is not run. */
export interface GraderPorts {
  /** The text that the pattern matched, or null. The pattern is foreign: it runs where it can be killed. */
  readonly runRegex?: (pattern: string, flags: string, text: string) => Promise<PortReply<string | null>>;
  /**
   * What Python's `findall` gives of one match: its groups, or the whole where the pattern has none. The match is counted
   * from 0, or from -1 at the end. Null where nothing matches. As foreign as `runRegex`.
   */
  readonly findMatch?: (
    pattern: string,
    flags: string,
    text: string,
    at: number,
  ) => Promise<PortReply<readonly string[] | null>>;
  /** The text without what the pattern matches. As foreign as `runRegex`. */
  readonly removeMatches?: (pattern: string, flags: string, text: string) => Promise<PortReply<string>>;
  /** Index of the first JSON text that is valid by the schema, or null. Schemas hold patterns too. */
  readonly matchSchema?: (schema: unknown, texts: readonly string[]) => Promise<PortReply<number | null>>;
  /** What a script of promptfoo's returns, as plain JSON. Given only for sets whose code a person has allowed. */
  readonly runScript?: (
    source: string,
    /** What code before it made of the answer, else its text. */
    output: unknown,
    variables: Readonly<Record<string, unknown>>,
  ) => Promise<PortReply<unknown>>;
  /** Sentence embeddings, all of one length. */
  readonly embed?: (texts: readonly string[]) => Promise<readonly Float32Array[]>;
  /** A model's short, greedy answer to a question. */
  readonly judge?: (question: string) => Promise<string>;
}

export interface GradeContext extends AnswerFacts, GraderPorts {
  /** Of the set, BCP 47: how it writes numbers. */
  readonly language?: string;
  /** What the set's own code made of the answer, where it is to look at more than text. */
  readonly output?: unknown;
  /** Of all the answers to the case, by its graders that read them. */
  readonly votes?: readonly Vote[];
}

/** What every grader's options may hold beside its own. */
export const commonEntries = { type: v.string(), weight: v.optional(v.number()) };
export const thresholdEntry = v.pipe(v.number(), v.finite());

type MaybeLater = GradeOutcome | Promise<GradeOutcome>;

/**
 * What the field of a set editor holds, where type and `value` are all that the grader needs: text; a number, or text;
 * the place of a choice, or its text; a list, one item a line; nothing.
 */
export type GraderForm = 'text' | 'number' | 'place' | 'list' | 'none';

export interface Grader<Outcome extends MaybeLater = MaybeLater> {
  readonly id: string;
  /** False for opinions: they are recorded, but decide nothing. */
  readonly counts: boolean;
  /** True where it reads no answer itself, but how the case's other graders read all of them (`GradeContext.votes`). */
  readonly readsVotes: boolean;
  /**
   * Present where the grader judges the likelihood of a case's choices: a case that begins with such a grader is scored,
   * not answered in words. @throws FaultError `bad-input` when the spec's options are wrong
   */
  readonly readScoring?: (spec: GraderSpec) => ChoiceScoring;
  /** Absent where a set's author writes the options as JSON. */
  readonly form?: GraderForm;
  /** @throws FaultError `bad-input` when the spec's options are wrong */
  check(spec: GraderSpec): void;
  /** `answer` is untrusted text. @throws FaultError `bad-input` when the spec's options are wrong */
  grade(answer: string, spec: GraderSpec, testCase: Case, context?: GradeContext): Outcome;
  /** The verdict of the same grader with `not-` before its type. */
  negate(verdict: Verdict, spec: GraderSpec): Verdict;
}

/** Ties the parsed options to the function that reads them, so that a registry can hold graders of every kind. */
export function defineGrader<Options, Outcome extends MaybeLater>(definition: {
  id: string;
  counts?: boolean;
  readsVotes?: boolean;
  readScoring?: (options: Options) => ChoiceScoring;
  form?: GraderForm;
  parse: (spec: GraderSpec) => Options;
  grade: (answer: string, options: Options, testCase: Case, context: GradeContext) => Outcome;
  negate?: (verdict: Verdict, options: Options) => Verdict;
}): Grader<Outcome> {
  const { id, counts = true, readsVotes = false, readScoring, form, grade, negate } = definition;
  // The metric and the transform are the registry's business: no grader needs to know of them.
  const parse = ({ metric: _metric, transform: _transform, ...spec }: GraderSpec) => definition.parse(spec);
  return {
    id,
    counts,
    readsVotes,
    ...(readScoring !== undefined && { readScoring: (spec: GraderSpec) => readScoring(parse(spec)) }),
    ...(form !== undefined && { form }),
    check: (spec) => void parse(spec),
    grade: (answer, spec, testCase, context = {}) => grade(answer, parse(spec), testCase, context),
    negate: (verdict, spec) => (negate === undefined ? flip(verdict) : negate(verdict, parse(spec))),
  };
}

/** What passed fails and the other way round; the score is mirrored, as promptfoo does. */
export function flip({ pass: passed, score, reason: { code, ...shown } }: Verdict): Verdict {
  const opinion = code === 'self-judged';
  return {
    pass: !passed,
    score: 1 - score,
    reason: opinion ? { code, ...shown } : passed ? { code: 'forbidden', ...shown } : { code: 'matched' },
  };
}

export function pass(reason: Omit<Reason, 'code'>): Verdict {
  return { pass: true, score: 1, reason: { code: 'matched', ...reason } };
}

export function fail(code: Exclude<Reason['code'], 'matched'>, reason: Omit<Reason, 'code'>): Verdict {
  return { pass: false, score: 0, reason: { code, ...reason } };
}

/** A verdict by a score that has to reach a threshold. */
export function judgeScore(score: number, threshold: number): Verdict {
  const bounded = Math.min(1, Math.max(0, score));
  const shown = { expected: `≥ ${threshold}`, found: bounded.toFixed(2) };
  const passed = score >= threshold;
  return { pass: passed, score: bounded, reason: { code: passed ? 'matched' : 'out-of-range', ...shown } };
}

/** @param expected names the port that is missing */
export function notAvailable(expected: string): NotRun {
  return { notRun: { code: 'not-available', expected } };
}

/** A port that could not do its part for the grader `id`. */
export function portFailed(id: string, reply: Extract<PortReply<unknown>, { ok: false }>): NotRun {
  const code = reply.code === 'threw' ? 'script-error' : reply.code;
  const found = reply.detail.slice(0, SHOWN_CHARACTERS);
  return { notRun: { code, expected: id, ...(found !== '' && { found }) } };
}
