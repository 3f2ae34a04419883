import { castVote } from '../../domain/graders/majority';
import type { RunRecord } from '../../domain/run/ports';
import { settle, settleRepeats } from '../../domain/run/repeats';
import type { Setup } from '../../domain/run/run';
import type { SharedRun } from '../../domain/sharing/share-link';
import { scoreCases } from '../../domain/statistics/compare-runs';
import type { Entrant } from '../../domain/statistics/contest';
import { poolScores } from '../../domain/statistics/pool';
import type { TestSet } from '../../domain/sets/test-set';
import { scoreResults, scoreShared, type Score } from './score';
import { describeResult, describeShared, type RowAnswer } from './sheet';

/** What is compared: a run of this device's, several of one setup, or one out of a link. */
export interface Contestant extends Entrant {
  /** Ids of its runs, where they are on this device. */
  readonly runIds: readonly string[];
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
  const settled = settleRepeats(results);
  return {
    id: run.id,
    runIds: [run.id],
    cases: testSet.cases,
    scores: scoreCases(results, testSet.cases),
    reached: new Set(settled.map(({ caseId }) => caseId)),
    setup: run.setup,
    startedAt: run.startedAt,
    shared: false,
    score: scoreResults(results),
    answers: new Map(settled.map((result) => [result.caseId, describeResult(result)])),
  };
}

/** Runs of one setup, as one that answered every question several times. @param records at least one */
export function enterPool(records: readonly RunRecord[]): Contestant {
  const [first] = records;
  if (first === undefined) throw new Error('a pool needs a run');
  if (records.length === 1) return enterRun(first);
  // Numbered anew: each run's first answer would else be the same answer.
  const most = Math.max(...records.map(({ run }) => run.setup.repeats ?? 1));
  const results = records.flatMap((record, at) =>
    record.results.map((result) => ({ ...result, repeat: at * most + (result.repeat ?? 0) })),
  );
  const one = enterRun({ ...first, results });
  const scores = poolScores(records.map((record) => scoreCases(record.results, record.testSet.cases)));
  const tallies = new Map(scores.map(({ caseId, pooled }) => [caseId, pooled]));
  return {
    ...one,
    id: records.map(({ run }) => run.id).join('+'),
    runIds: records.map(({ run }) => run.id),
    scores,
    answers: new Map(
      [...one.answers].map(([caseId, answer]) => {
        const pooled = tallies.get(caseId);
        return [caseId, pooled === undefined ? answer : { ...answer, pooled }];
      }),
    ),
  };
}

/** @param testSet the very set that the link is about, by its hash: links hold no questions */
export function enterShared(id: string, shared: SharedRun, testSet: TestSet): Contestant {
  const caseOf = new Map(testSet.cases.map((each) => [each.id, each]));
  const settled = settle(shared.results, castVote);
  return {
    id,
    runIds: [],
    cases: testSet.cases,
    reached: new Set(settled.map(({ caseId }) => caseId)),
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
