import type { RunRecord } from '../../domain/run/ports';
import { castVote } from '../../domain/graders/majority';
import { settle, settleRepeats } from '../../domain/run/repeats';
import type { Setup } from '../../domain/run/run';
import type { SharedRun } from '../../domain/sharing/share-link';
import { scoreCases } from '../../domain/statistics/compare-runs';
import type { Entrant } from '../../domain/statistics/contest';
import type { TestSet } from '../../domain/sets/test-set';
import { scoreResults, scoreShared, type Score } from './score';
import { describeResult, describeShared, type RowAnswer } from './sheet';

/** A run that is compared: one of this device's, or one out of a link. */
export interface Contestant extends Entrant {
  readonly setup: Setup;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly shared: boolean;
  readonly score: Score;
  /** By case; of several answers the one that counts. */
  readonly answers: ReadonlyMap<string, RowAnswer>;
}

/** A short name for the one in this place: A, B, C. */
export function nameAt(index: number): string {
  return String.fromCharCode(65 + index);
}

export function enterRun({ run, results, testSet }: RunRecord): Contestant {
  return {
    id: run.id,
    cases: testSet.cases,
    scores: scoreCases(results, testSet.cases),
    setup: run.setup,
    startedAt: run.startedAt,
    shared: false,
    score: scoreResults(results),
    answers: new Map(settleRepeats(results).map((result) => [result.caseId, describeResult(result)])),
  };
}

/** @param testSet the very set that the link is about, by its hash: links hold no questions */
export function enterShared(id: string, shared: SharedRun, testSet: TestSet): Contestant {
  const caseOf = new Map(testSet.cases.map((each) => [each.id, each]));
  const settled = settle(shared.results, castVote);
  return {
    id,
    cases: testSet.cases,
    scores: settled.flatMap(({ caseId, status }) => {
      const testCase = caseOf.get(caseId);
      if (testCase === undefined || (status !== 'pass' && status !== 'fail')) return [];
      const pass = status === 'pass';
      return [{ caseId, pass, score: Number(pass), cluster: testCase.group, tags: testCase.tags }];
    }),
    setup: shared,
    startedAt: shared.startedAt,
    shared: true,
    score: scoreShared(shared.results),
    answers: new Map(settled.map((result) => [result.caseId, describeShared(result)])),
  };
}
