import type { Case, GraderSpec } from '../test-set';

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
    | 'unknown-grader'
    | 'bad-options'
    /** This device, page or run has no part for it; `expected` names the part. */
    | 'not-available';
  readonly expected?: string;
  readonly found?: string;
}

export interface Verdict {
  readonly pass: boolean;
  /** 0 to 1. */
  readonly score: number;
  readonly reason: Reason;
}

/** A grader that could not run: neither pass nor fail. */
export interface NotRun {
  readonly notRun: Reason;
}

export interface Grader {
  readonly id: string;
  /** @throws FaultError `bad-input` when the spec's options are wrong */
  check(spec: GraderSpec): void;
  /** Pure; `answer` is untrusted text. @throws FaultError `bad-input` when the spec's options are wrong */
  grade(answer: string, spec: GraderSpec, testCase: Case): Verdict;
}

/** Ties the parsed options to the function that reads them, so that a registry can hold graders of every kind. */
export function defineGrader<Options>(definition: {
  id: string;
  parse: (spec: GraderSpec) => Options;
  grade: (answer: string, options: Options, testCase: Case) => Verdict;
}): Grader {
  const { id, parse, grade } = definition;
  return {
    id,
    check: (spec) => void parse(spec),
    grade: (answer, spec, testCase) => grade(answer, parse(spec), testCase),
  };
}

export function pass(reason: Omit<Reason, 'code'>): Verdict {
  return { pass: true, score: 1, reason: { code: 'matched', ...reason } };
}

export function fail(code: Exclude<Reason['code'], 'matched'>, reason: Omit<Reason, 'code'>): Verdict {
  return { pass: false, score: 0, reason: { code, ...reason } };
}
