import { canonicalJson } from '../hash';
import type { Case } from '../sets/test-set';
import { compareScores, type CaseScore, type Comparison } from './compare';
import { adjustHolm } from './multiplicity';
import { rankModels, type RankedModel } from './ranking';

export interface Entrant {
  readonly id: string;
  /** Of the set as it was run. */
  readonly cases: readonly Case[];
  /** Of the cases that were graded. */
  readonly scores: readonly CaseScore[];
}

export interface Contest {
  /** What is compared, in the first one's order: the same content in every set, and a verdict in every run. */
  readonly caseIds: readonly string[];
  readonly leftOut: {
    /** Not in every set. */
    readonly unshared: number;
    /** In every set under one id, with different content. */
    readonly changed: number;
    /** The same everywhere, and without a verdict in one run at least. */
    readonly ungraded: number;
  };
  /** Best first. */
  readonly ranked: readonly RankedModel[];
  /** Of two: the first with the second. Of more: the best one with each of the others, in their order. */
  readonly duels: readonly Duel[];
}

export interface Duel {
  readonly firstId: string;
  readonly secondId: string;
  readonly comparison: Comparison;
  /** Exact McNemar; of several duels adjusted for that (Holm). */
  readonly p: number;
  /** A difference may be claimed. */
  readonly shown: boolean;
}

/** Compares runs on the cases that all of them share, so that every number is about the same questions. */
export function holdContest(entrants: readonly Entrant[]): Contest {
  const { caseIds, leftOut } = findSharedCases(entrants);
  const kept = new Set(caseIds);
  const models = entrants.map(({ id, scores }) => ({
    id,
    scores: scores.filter(({ caseId }) => kept.has(caseId)),
  }));
  const ranked = rankModels(models);
  const best = models.length === 2 ? models[0] : models.find(({ id }) => id === ranked[0]?.id);
  const duels =
    best === undefined
      ? []
      : models
          .filter((each) => each !== best)
          .map(({ id, scores }) => ({
            firstId: best.id,
            secondId: id,
            comparison: compareScores(best.scores, scores),
          }));
  const adjusted = adjustHolm(duels.map(({ comparison }) => comparison.p));
  const judged = duels.map((duel, at): Duel => {
    const p = adjusted[at] ?? duel.comparison.p;
    return { ...duel, p, shown: isShown(duel.comparison, p) };
  });
  // One duel of two is always with the best of them.
  const isToldApart = (id: string) =>
    judged.some(({ firstId, secondId, shown }) => shown && (firstId === id || secondId === id));
  return {
    caseIds,
    leftOut,
    ranked: ranked.map((each, at) => ({ ...each, tiedWithBest: at === 0 || !isToldApart(each.id) })),
    duels: judged,
  };
}

/**
 * At 5 %. Where cases vary one item, the test takes them for independent: then the interval, which does not, must leave
 * out nought too.
 */
function isShown({ clusters, pairs, interval }: Comparison, p: number): boolean {
  if (p >= 0.05) return false;
  return clusters === pairs || (interval !== undefined && (interval.low > 0 || interval.high < 0));
}

function findSharedCases(entrants: readonly Entrant[]): Pick<Contest, 'caseIds' | 'leftOut'> {
  const sets = entrants.map(({ cases }) => new Map(cases.map((each) => [each.id, canonicalJson(each)])));
  const graded = entrants.map(({ scores }) => new Set(scores.map(({ caseId }) => caseId)));
  const all = new Set(entrants.flatMap(({ cases }) => cases.map(({ id }) => id)));
  const inEvery = [...all].filter((id) => sets.every((set) => set.has(id)));
  const equal = inEvery.filter((id) => new Set(sets.map((set) => set.get(id))).size === 1);
  const caseIds = equal.filter((id) => graded.every((each) => each.has(id)));
  return {
    caseIds,
    leftOut: {
      unshared: all.size - inEvery.length,
      changed: inEvery.length - equal.length,
      ungraded: equal.length - caseIds.length,
    },
  };
}
