import { toFault, type Fault } from '../domain/fault';
import type { RunStore } from '../domain/ports';
import type { GradedResult } from '../domain/run';
import type { TestSet } from '../domain/test-set';
import type { EngineClient } from '../worker/client';

export interface RegradePorts {
  readonly client: Pick<EngineClient, 'gradeAnswers'>;
  readonly findRun: RunStore['findRun'];
}

export interface StatusCounts {
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

/** Grades the stored answers of a run by the graders as they are now. No model is asked, and the journal stays as it is. */
export class Regrade {
  #done = $state.raw<Regrading | undefined>();
  #busy = $state(false);
  #fault = $state.raw<Fault | undefined>();

  constructor(private readonly ports: RegradePorts) {}

  get done(): Regrading | undefined {
    return this.#done;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  async start(runId: string, testSet: TestSet, allowScripts = false): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#fault = undefined;
    try {
      const record = await this.ports.findRun(runId);
      const graded = (record?.results ?? []).filter((result) => result.kind === 'graded');
      const known = new Set(testSet.cases.map(({ id }) => id));
      const kept = graded.filter(({ caseId }) => known.has(caseId));
      const answers = kept.map(({ caseId, answer, finish, timing }) => ({
        caseId,
        answer,
        facts: { finish, totalMs: timing.totalMs },
      }));
      const grades = await this.ports.client.gradeAnswers({ testSet, answers, allowScripts });
      const statuses = grades.map(({ grade }) => grade.status);
      this.#done = {
        runId,
        before: count(kept.map(({ status }) => status)),
        after: count(statuses),
        leftOut: graded.length - kept.length,
        changes: kept.flatMap(({ caseId, answer, status: before }, index) => {
          const after = statuses[index];
          return after === undefined || after === before ? [] : [{ caseId, answer, before, after }];
        }),
      };
    } catch (error) {
      this.#fault = toFault(error);
    } finally {
      this.#busy = false;
    }
  }
}

function count(statuses: readonly GradedResult['status'][]): StatusCounts {
  const of = (status: GradedResult['status']) => statuses.filter((each) => each === status).length;
  return { pass: of('pass'), fail: of('fail'), notRun: of('not-run') };
}
