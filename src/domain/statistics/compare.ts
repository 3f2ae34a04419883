import { bootstrapMean, type BootstrapOptions } from './bootstrap';
import { estimateDesignEffect, groupByCluster, type Clustered } from './mean';
import { countCasesNeeded, findDetectableDifference } from './planning';
import { findPosterior, type Posterior } from './posterior';
import { testSignFlip } from './sign-flip';
import type { Interval } from './wilson';

/** What came of one case. Cases of one cluster vary one item. */
export interface CaseScore {
  readonly caseId: string;
  readonly pass: boolean;
  /** 0 to 1. */
  readonly score: number;
  readonly cluster?: string | undefined;
  readonly tags?: readonly string[];
  /** Of runs that are pooled: how many of their answers are right. `pass` then says whether most are. */
  readonly pooled?: { readonly right: number; readonly answers: number };
}

/** How the same cases came out in part of a set. Of pooled runs, a side has won where it is right more often. */
interface PairedCounts {
  readonly pairs: number;
  readonly bothPassed: number;
  readonly bothFailed: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
}

export interface Comparison extends PairedCounts {
  /** Cases that only one side has a verdict for; they are left out. */
  readonly unpaired: number;
  /** Independent items among the pairs. */
  readonly clusters: number;
  /** Sign-flip test over the clusters; where each is one case, this is the exact McNemar test. */
  readonly p: number;
  /** Accuracy of the second less that of the first. */
  readonly difference: number;
  /**
   * Of the difference, 95 %: by paired bootstrap over clusters where cases share them, else of the posterior. Absent for
   * fewer than two clusters.
   */
  readonly interval?: Interval;
  /** What to believe of the difference after these pairs alone. */
  readonly posterior: Posterior;
  /** Mean score of the second less that of the first, where partial scores count. */
  readonly scoreDifference: number;
  /** What flips: cases that the second lost and won. */
  readonly lost: readonly string[];
  readonly won: readonly string[];
  /** Cases it takes to show this difference (5 %, power 80 %), beyond those there are; absent where no number would do. */
  readonly moreCases?: number;
  /** The smallest difference that these cases would show, at this disagreement; absent where they would show none. */
  readonly detectableDifference?: number;
  /** By tag, in order of appearance. */
  readonly groups: readonly (PairedCounts & { readonly tag: string })[];
}

interface Pair {
  readonly first: CaseScore;
  readonly second: CaseScore;
}

/** Compares two models on the cases that both have a verdict for. */
export function compareScores(
  first: readonly CaseScore[],
  second: readonly CaseScore[],
  options: BootstrapOptions = {},
): Comparison {
  const seconds = new Map(second.map((each) => [each.caseId, each]));
  const pairs = first.flatMap((each): Pair[] => {
    const other = seconds.get(each.caseId);
    return other === undefined ? [] : [{ first: each, second: other }];
  });
  const counts = countPairs(pairs);
  const differences = pairs.map((pair) => ({
    value: shareOf(pair.second) - shareOf(pair.first),
    cluster: pair.first.cluster,
  }));
  const count = Math.max(1, pairs.length);
  const difference = differences.reduce((sum, { value }) => sum + value, 0) / count;
  const disagreement = (counts.onlySecond + counts.onlyFirst) / count;
  const clusters = groupByCluster(differences);
  const posterior = findPosterior(differences, options.seed === undefined ? {} : { seed: options.seed });
  // So many clustered cases say as much as fewer independent ones.
  const designEffect = Math.max(1, estimateDesignEffect(differences));
  const needed = countCasesNeeded(difference, disagreement);
  const detectable = findDetectableDifference(pairs.length / designEffect, disagreement);
  const interval = clusters.length < pairs.length ? bootstrapMean(differences, options) : posterior.interval;
  return {
    ...counts,
    unpaired: first.length + second.length - 2 * pairs.length,
    clusters: clusters.length,
    p: testSignFlip(clusters.map((cluster) => sumWhole(cluster, findUnit(pairs)))),
    difference,
    ...(interval !== undefined && pairs.length > 1 && { interval }),
    posterior,
    scoreDifference: pairs.reduce((sum, pair) => sum + pair.second.score - pair.first.score, 0) / count,
    lost: pairs.filter(isLost).map(({ first: { caseId } }) => caseId),
    won: pairs.filter(isWon).map(({ first: { caseId } }) => caseId),
    ...(needed !== undefined && {
      moreCases: Math.max(0, Math.ceil(needed * designEffect) - pairs.length),
    }),
    ...(detectable !== undefined && { detectableDifference: detectable }),
    groups: groupByTag(pairs),
  };
}

/** How often it is right, 0 to 1; 0 or 1 for one answer. */
export function shareOf({ pass, pooled }: CaseScore): number {
  return pooled === undefined ? Number(pass) : pooled.right / pooled.answers;
}

/** All differences are whole numbers of one part in so many. */
function findUnit(pairs: readonly Pair[]): number {
  const counts = new Set(
    pairs.flatMap(({ first, second }) => [first.pooled?.answers ?? 1, second.pooled?.answers ?? 1]),
  );
  return [...counts].reduce((common, each) => (common * each) / findCommonDivisor(common, each), 1);
}

function findCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : findCommonDivisor(b, a % b);
}

function sumWhole(cluster: readonly Clustered[], unit: number): number {
  return Math.round(cluster.reduce((sum, { value }) => sum + value, 0) * unit);
}

function countPairs(pairs: readonly Pair[]): PairedCounts {
  const onlyFirst = pairs.filter(isLost).length;
  const onlySecond = pairs.filter(isWon).length;
  const bothPassed = pairs.filter((pair) => !isLost(pair) && !isWon(pair) && pair.first.pass).length;
  const bothFailed = pairs.length - bothPassed - onlyFirst - onlySecond;
  return { pairs: pairs.length, bothPassed, bothFailed, onlyFirst, onlySecond };
}

function isLost({ first, second }: Pair): boolean {
  return shareOf(first) > shareOf(second);
}

function isWon({ first, second }: Pair): boolean {
  return shareOf(first) < shareOf(second);
}

function groupByTag(pairs: readonly Pair[]): Comparison['groups'] {
  const tags = new Set(pairs.flatMap(({ first }) => first.tags ?? []));
  return [...tags].map((tag) => ({
    tag,
    ...countPairs(pairs.filter(({ first }) => first.tags?.includes(tag) === true)),
  }));
}
