import { bootstrapMean, type BootstrapOptions } from './bootstrap';
import { testMcNemar } from './mcnemar';
import { estimateDesignEffect, groupByCluster } from './mean';
import { countCasesNeeded, findDetectableDifference } from './planning';
import type { Interval } from './wilson';

/** What came of one case. Cases of one cluster vary one item. */
export interface CaseScore {
  readonly caseId: string;
  readonly pass: boolean;
  /** 0 to 1. */
  readonly score: number;
  readonly cluster?: string | undefined;
  readonly tags?: readonly string[];
}

/** How the same cases came out in part of a set. */
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
  /** Independent items among the pairs. Fewer than `pairs`: `p` is too sure of itself, trust the interval. */
  readonly clusters: number;
  /** Exact McNemar. */
  readonly p: number;
  /** Accuracy of the second less that of the first. */
  readonly difference: number;
  /** 95 %, by paired bootstrap over clusters; absent for fewer than two. */
  readonly interval?: Interval;
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
    value: Number(pair.second.pass) - Number(pair.first.pass),
    cluster: pair.first.cluster,
  }));
  const count = Math.max(1, pairs.length);
  const difference = (counts.onlySecond - counts.onlyFirst) / count;
  const disagreement = (counts.onlySecond + counts.onlyFirst) / count;
  // So many clustered cases say as much as fewer independent ones.
  const designEffect = Math.max(1, estimateDesignEffect(differences));
  const needed = countCasesNeeded(difference, disagreement);
  const detectable = findDetectableDifference(pairs.length / designEffect, disagreement);
  const interval = bootstrapMean(differences, options);
  return {
    ...counts,
    unpaired: first.length + second.length - 2 * pairs.length,
    clusters: groupByCluster(differences).length,
    p: testMcNemar(counts.onlyFirst, counts.onlySecond),
    difference,
    ...(interval !== undefined && { interval }),
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

function countPairs(pairs: readonly Pair[]): PairedCounts {
  const bothPassed = pairs.filter(({ first, second }) => first.pass && second.pass).length;
  const onlyFirst = pairs.filter(isLost).length;
  const onlySecond = pairs.filter(isWon).length;
  const bothFailed = pairs.length - bothPassed - onlyFirst - onlySecond;
  return { pairs: pairs.length, bothPassed, bothFailed, onlyFirst, onlySecond };
}

function isLost({ first, second }: Pair): boolean {
  return first.pass && !second.pass;
}

function isWon({ first, second }: Pair): boolean {
  return !first.pass && second.pass;
}

function groupByTag(pairs: readonly Pair[]): Comparison['groups'] {
  const tags = new Set(pairs.flatMap(({ first }) => first.tags ?? []));
  return [...tags].map((tag) => ({
    tag,
    ...countPairs(pairs.filter(({ first }) => first.tags?.includes(tag) === true)),
  }));
}
