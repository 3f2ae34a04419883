import { stripReasoning } from '../answer-text';
import { FaultError } from '../fault';
import type { Case } from '../test-set';
import type { Grader, NotRun, Verdict } from './grader';
import * as graders from './index';

export const graderRegistry: ReadonlyMap<string, Grader> = new Map(
  Object.values(graders).map((grader) => [grader.id, grader]),
);

export interface GraderOutcome {
  readonly type: string;
  readonly verdict: Verdict | NotRun;
}

export interface CaseGrade {
  readonly outcomes: readonly GraderOutcome[];
  /** `not-run` when any grader could not run: such a case is neither passed nor failed. */
  readonly status: 'pass' | 'fail' | 'not-run';
  /** Weighted mean of the graders' scores, 0 to 1. A weight of 0 records a grader without counting it. */
  readonly score: number;
}

/**
 * Grades an answer, less the reasoning that opens it, by all graders of its case; it passes when all that carry weight
 * pass (as in promptfoo).
 */
export function gradeAnswer(answer: string, testCase: Case): CaseGrade {
  const final = stripReasoning(answer);
  const outcomes = testCase.graders.map((spec) => {
    const grader = graderRegistry.get(spec.type);
    const weight = spec.weight ?? 1;
    const verdict: Verdict | NotRun =
      grader === undefined
        ? { notRun: { code: 'unknown-grader', expected: spec.type } }
        : runGrader(grader, () => grader.grade(final, spec, testCase));
    return { type: spec.type, verdict, weight };
  });
  const counted = outcomes.filter(({ weight }) => weight > 0);
  const ran = counted.flatMap(({ verdict, weight }) => ('notRun' in verdict ? [] : [{ verdict, weight }]));
  const totalWeight = ran.reduce((sum, { weight }) => sum + weight, 0);
  const score =
    ran.reduce((sum, { verdict, weight }) => sum + verdict.score * weight, 0) / (totalWeight || 1);
  const status =
    ran.length < counted.length ? 'not-run' : ran.every(({ verdict }) => verdict.pass) ? 'pass' : 'fail';
  return { outcomes: outcomes.map(({ type, verdict }) => ({ type, verdict })), status, score };
}

/** Options that cannot be read make a grader "not run"; they never pass and never end a run. */
function runGrader(grader: Grader, grade: () => Verdict): Verdict | NotRun {
  try {
    return grade();
  } catch (error) {
    if (error instanceof FaultError && error.fault.kind === 'bad-input') {
      return { notRun: { code: 'bad-options', expected: grader.id, found: error.fault.detail } };
    }
    throw error;
  }
}
