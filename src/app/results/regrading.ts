import type { GradedResult } from '../../domain/run/run';
import type { TestSet } from '../../domain/sets/test-set';

interface StatusCounts {
  readonly pass: number;
  readonly fail: number;
  readonly notRun: number;
}

export interface Regrading {
  readonly runId: string;
  readonly before: StatusCounts;
  readonly after: StatusCounts;
  /** Answers of cases that the set does not have any more. */
  readonly leftOut: number;
  readonly changes: readonly {
    readonly caseId: string;
    readonly answer: string;
    readonly before: GradedResult['status'];
    readonly after: GradedResult['status'];
  }[];
}

/** The results of cases that the set still has. */
export function pickKnown(results: readonly GradedResult[], { cases }: TestSet): readonly GradedResult[] {
  const known = new Set(cases.map(({ id }) => id));
  return results.filter(({ caseId }) => known.has(caseId));
}

/** @param statuses of the same answers, graded anew */
export function compareGrades(
  results: readonly GradedResult[],
  statuses: readonly GradedResult['status'][],
): Pick<Regrading, 'before' | 'after' | 'changes'> {
  return {
    before: count(results.map(({ status }) => status)),
    after: count(statuses),
    changes: results.flatMap(({ caseId, answer, status: before }, index) => {
      const after = statuses[index];
      return after === undefined || after === before ? [] : [{ caseId, answer, before, after }];
    }),
  };
}

function count(statuses: readonly GradedResult['status'][]): StatusCounts {
  const of = (status: GradedResult['status']) => statuses.filter((each) => each === status).length;
  return { pass: of('pass'), fail: of('fail'), notRun: of('not-run') };
}
