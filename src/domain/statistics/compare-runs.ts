import { canonicalJson } from '../hash';
import type { RunRecord } from '../run/ports';
import { settleRepeats } from '../run/repeats';
import type { Result } from '../run/run';
import type { Case } from '../sets/test-set';
import type { BootstrapOptions } from './bootstrap';
import { compareScores, type CaseScore, type Comparison } from './compare';
import { estimateDesignEffect } from './mean';
import { findDetectableDifference } from './planning';

/** What came of each case that was graded; of several answers the majority's counts. */
export function scoreCases(results: readonly Result[], cases: readonly Case[]): readonly CaseScore[] {
  const caseOf = new Map(cases.map((each) => [each.id, each]));
  return settleRepeats(results).flatMap((result): CaseScore[] => {
    if (result.kind === 'failed' || result.status === 'not-run') return [];
    const testCase = caseOf.get(result.caseId);
    return [
      {
        caseId: result.caseId,
        pass: result.status === 'pass',
        score: result.score,
        cluster: testCase?.group,
        tags: testCase?.tags ?? [],
      },
    ];
  });
}

export interface RunComparison extends Comparison {
  /** Cases of one id whose content differs between the two sets: they are not the same case and are left out. */
  readonly changed: readonly string[];
}

type Compared = Pick<RunRecord, 'results' | 'testSet'>;

/** Compares two runs on the cases that both sets have and both runs graded. */
export function compareRuns(
  first: Compared,
  second: Compared,
  options: BootstrapOptions = {},
): RunComparison {
  const seconds = new Map(second.testSet.cases.map((each) => [each.id, canonicalJson(each)]));
  const changed = first.testSet.cases
    .filter((each) => (seconds.get(each.id) ?? canonicalJson(each)) !== canonicalJson(each))
    .map(({ id }) => id);
  const left = new Set(changed);
  const keep = ({ results, testSet }: Compared) =>
    scoreCases(results, testSet.cases).filter(({ caseId }) => !left.has(caseId));
  return { ...compareScores(keep(first), keep(second), options), changed };
}

export interface ExtractionFailures {
  /** Answers out of which no grader could read one thing: nothing, or several. */
  readonly failures: number;
  /** Answers that were graded. */
  readonly graded: number;
  /** `failures` of `graded`; absent before the first. */
  readonly rate?: number;
}

/**
 * How many answers fail because they cannot be read, not because they are wrong: shown beside accuracy, as a high share
 * means that the format was tested and not the logic. Every answer counts, repeats too.
 */
export function countExtractionFailures(results: readonly Result[]): ExtractionFailures {
  const graded = results.filter((result) => result.kind === 'graded' && result.status !== 'not-run');
  const failures = graded.filter((result) => {
    if (result.kind === 'failed' || result.status === 'pass') return false;
    return result.outcomes.some(
      ({ verdict }) => !('notRun' in verdict) && ['no-answer', 'ambiguous'].includes(verdict.reason.code),
    );
  }).length;
  return {
    failures,
    graded: graded.length,
    ...(graded.length > 0 && { rate: failures / graded.length }),
  };
}

/**
 * The smallest difference from another run on the same set that so many cases would show, before one is known: that of two
 * independent models which are equally good. Variants of one item count as fewer cases.
 * @returns undefined where none would show
 */
export function estimateDetectableDifference(scores: readonly CaseScore[]): number | undefined {
  const graded = scores.length;
  if (graded === 0) return undefined;
  const passed = scores.filter(({ pass }) => pass).length;
  const effect = estimateDesignEffect(scores.map(({ pass, cluster }) => ({ value: Number(pass), cluster })));
  return findDetectableDifference(
    graded / Math.max(1, effect),
    (2 * passed * (graded - passed)) / graded ** 2,
  );
}
