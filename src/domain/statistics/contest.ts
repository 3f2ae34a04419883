import { canonicalJson } from '../hash';
import type { Case } from '../sets/test-set';
import { compareScores, shareOf, type CaseScore, type Comparison } from './compare';
import { estimateProportion } from './effective-size';
import { adjustHolm } from './multiplicity';
import type { Interval } from './wilson';

export interface Entrant {
  readonly id: string;
  /** Of the set as it was run. */
  readonly cases: readonly Case[];
  /** Of the cases that were graded. */
  readonly scores: readonly CaseScore[];
  /** Cases that the run came to before it ended, with a verdict or without; all that are graded unless given. */
  readonly reached?: ReadonlySet<string>;
}

export interface Contest {
  /**
   * What is compared, in the first one's order: the same content in every set, and a verdict in every run that came to its
   * end. Where none did, a verdict in every run.
   */
  readonly caseIds: readonly string[];
  readonly leftOut: {
    /** Not in every set. */
    readonly unshared: number;
    /** In every set under one id, with different content. */
    readonly changed: number;
    /** The same everywhere, and without a verdict in one of those runs at least. */
    readonly ungraded: number;
  };
  /** Best first; those that did not come to their end follow, whatever their score. */
  readonly ranked: readonly RankedModel[];
  /** Every pair: of two, the first with the second; of more, the better one first, in the order of their ranks. */
  readonly duels: readonly Duel[];
}

export interface RankedModel {
  readonly id: string;
  /** Answers that are right; of pooled runs, of all their answers. */
  readonly passed: number;
  /** Answers that count. */
  readonly answers: number;
  /** Questions that they are about. */
  readonly cases: number;
  readonly share: number;
  /** So many independent answers say as much. */
  readonly effective: number;
  /** Of the share, 95 %, by the effective number of answers. */
  readonly interval?: Interval;
  /** It ended before its last question: it is compared where it can be, and never called best. */
  readonly stopped: boolean;
  /** The best one, or one that these cases do not tell apart from it. */
  readonly tiedWithBest: boolean;
}

export interface Duel {
  readonly firstId: string;
  readonly secondId: string;
  /** On what both have a verdict for; of two that came to their end, on what all such have one for. */
  readonly comparison: Comparison;
  /** Of several duels adjusted for that (Holm). */
  readonly p: number;
  /** A difference may be claimed, at 5 %. */
  readonly shown: boolean;
}

/** Compares runs on the questions that they share. One that was stopped early takes none of those from the others. */
export function holdContest(entrants: readonly Entrant[]): Contest {
  const { equal, unshared, changed } = findEqualCases(entrants);
  const scores = new Map(
    entrants.map(({ id, scores }) => [id, new Map(scores.map((score) => [score.caseId, score]))]),
  );
  const stopped = new Set(
    entrants
      .filter(({ id, reached = scores.get(id) }) => equal.some((caseId) => reached?.has(caseId) !== true))
      .map(({ id }) => id),
  );
  const judges = stopped.size === entrants.length ? entrants : entrants.filter(({ id }) => !stopped.has(id));
  const caseIds = equal.filter((caseId) => judges.every(({ id }) => scores.get(id)?.has(caseId) === true));
  const scoresOf = (id: string, from = caseIds) =>
    from.flatMap((caseId) => scores.get(id)?.get(caseId) ?? []);
  const ranked = entrants
    .map(({ id }) => rate(id, scoresOf(id), stopped.has(id)))
    .sort((a, b) => Number(a.stopped) - Number(b.stopped) || b.share - a.share);
  const duels = judgeAll(
    listPairs(entrants.length === 2 ? entrants : ranked).map(([firstId, secondId]) => {
      // Of one that was stopped, what it did answer.
      const from = stopped.has(firstId) || stopped.has(secondId) ? equal : caseIds;
      return {
        firstId,
        secondId,
        comparison: compareScores(scoresOf(firstId, from), scoresOf(secondId, from)),
      };
    }),
  );
  const [best] = ranked;
  const isBehind = (id: string) =>
    duels.some(
      ({ firstId, secondId, shown }) =>
        shown && [firstId, secondId].includes(id) && [firstId, secondId].includes(best?.id ?? ''),
    );
  return {
    caseIds,
    leftOut: { unshared, changed, ungraded: equal.length - caseIds.length },
    ranked: ranked.map((each, at) => ({
      ...each,
      tiedWithBest: !each.stopped && (at === 0 || !isBehind(each.id)),
    })),
    duels,
  };
}

function rate(id: string, scores: readonly CaseScore[], stopped: boolean): Omit<RankedModel, 'tiedWithBest'> {
  const answers = scores.reduce((sum, { pooled }) => sum + (pooled?.answers ?? 1), 0);
  const passed = scores.reduce((sum, { pass, pooled }) => sum + (pooled?.right ?? Number(pass)), 0);
  // Answers to one question are no more independent than variants of one item.
  const values = scores.flatMap(({ caseId, cluster, pass, pooled }) =>
    pooled === undefined
      ? [{ value: Number(pass), cluster }]
      : Array.from({ length: pooled.answers }, (_answer, at) => ({
          value: Number(at < pooled.right),
          cluster: cluster ?? caseId,
        })),
  );
  const { effective, interval } = estimateProportion(values);
  const share = scores.reduce((sum, score) => sum + shareOf(score), 0) / Math.max(1, scores.length);
  return {
    id,
    passed,
    answers,
    cases: scores.length,
    share,
    effective,
    ...(interval !== undefined && { interval }),
    stopped,
  };
}

function listPairs(each: readonly { readonly id: string }[]): readonly (readonly [string, string])[] {
  return each.flatMap(({ id: firstId }, at) =>
    each.slice(at + 1).map(({ id: secondId }) => [firstId, secondId] as const),
  );
}

function judgeAll(duels: readonly Omit<Duel, 'p' | 'shown'>[]): readonly Duel[] {
  const adjusted = adjustHolm(duels.map(({ comparison }) => comparison.p));
  return duels.map((duel, at): Duel => {
    const p = adjusted[at] ?? duel.comparison.p;
    return { ...duel, p, shown: p < 0.05 };
  });
}

function findEqualCases(entrants: readonly Entrant[]) {
  const sets = entrants.map(({ cases }) => new Map(cases.map((each) => [each.id, each])));
  const all = new Set(entrants.flatMap(({ cases }) => cases.map(({ id }) => id)));
  const inEvery = [...all].filter((id) => sets.every((set) => set.has(id)));
  const equal = inEvery.filter((id) => {
    const [first, ...others] = sets.map((set) => set.get(id));
    // Runs of one set on this page share its objects.
    return others.every((each) => each === first || canonicalJson(each) === canonicalJson(first));
  });
  return { equal, unshared: all.size - inEvery.length, changed: inEvery.length - equal.length };
}
