import { canonicalJson } from '../hash';
import type { RunRecord } from '../run/ports';
import { settleRepeats } from '../run/repeats';
import type { Result } from '../run/run';
import { countAnswer, countUnread, type ExtractionFailures } from '../run/totals';
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

interface RunComparison extends Comparison {
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

/** How many of a run's answers fail because they cannot be read, as `countUnread` counts them. */
export function countExtractionFailures(results: readonly Result[]): ExtractionFailures {
  return countUnread(results.map(countAnswer));
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
