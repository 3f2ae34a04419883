import { toFault, type Fault } from '../../domain/fault';
import type { RunStore } from '../../domain/run/ports';
import type { TestSet } from '../../domain/sets/test-set';
import type { EngineClient } from '../../worker/client';
import { compareGrades, pickKnown, type Regrading } from './regrading';

export interface RegradePorts {
  readonly client: Pick<EngineClient, 'gradeAnswers'>;
  readonly findRun: RunStore['findRun'];
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
      const kept = pickKnown(graded, testSet);
      const answers = kept.map(({ caseId, answer, finish, timing, choices }) => ({
        caseId,
        answer,
        facts: {
          finish,
          totalMs: timing.totalMs,
          ...(choices !== undefined && { choiceScores: choices }),
        },
      }));
      const grades = await this.ports.client.gradeAnswers({ testSet, answers, allowScripts });
      const statuses = grades.map(({ grade }) => grade.status);
      this.#done = { runId, ...compareGrades(kept, statuses), leftOut: graded.length - kept.length };
    } catch (error) {
      this.#fault = toFault(error);
    } finally {
      this.#busy = false;
    }
  }
}
