import type { Contest, Duel } from './contest';

/** One sentence of what a contest shows, before it is put into words. */
export type Claim =
  | {
      readonly kind: 'better';
      readonly betterId: string;
      readonly worseIds: readonly string[];
      /** Questions that the claim rests on. */
      readonly cases: number;
    }
  | {
      readonly kind: 'tied';
      readonly firstId: string;
      readonly secondId: string;
      readonly cases: number;
      /** In all, for a difference of this size to show; absent where none was seen, or no number would do. */
      readonly casesNeeded?: number;
    }
  /** Too many to say of each how many questions it would take. */
  | {
      readonly kind: 'many-tied';
      readonly bestId: string;
      readonly ids: readonly string[];
      readonly cases: number;
    }
  /** Of the pairs that no other claim is about. */
  | { readonly kind: 'others'; readonly pairs: number; readonly shown: number };

/** More sentences of one kind than this, nobody reads. */
const MOST_SENTENCES = 3;

/**
 * What may be said of a contest, the most important first: whom the best one beats, whom it does not, and what is known of
 * the others. Runs that were stopped are spoken of only where there are no others.
 */
export function findClaims({ ranked, duels }: Contest): readonly Claim[] {
  const whole = ranked.filter(({ stopped }) => !stopped);
  const [best, ...others] = whole.length > 1 ? whole : ranked;
  if (best === undefined) return [];
  const find = (one: string, other: string) =>
    duels.find(
      ({ firstId, secondId }) =>
        (firstId === one && secondId === other) || (firstId === other && secondId === one),
    );
  const judged = others.flatMap(({ id }) => {
    const duel = find(best.id, id);
    return duel === undefined || duel.comparison.pairs === 0 ? [] : [{ id, duel }];
  });
  const beaten = judged.filter(({ duel }) => duel.shown);
  const tied = judged.filter(({ duel }) => !duel.shown);
  const rest = beaten.map(({ id }) => id);
  return [...claimBetter(beaten, best.id), ...claimTied(tied, best.id), ...claimOthers(rest, find)];
}

type Judged = readonly { readonly id: string; readonly duel: Duel }[];

/** One claim for each side that is better: of pairs with a stopped run, the best by share may be the worse one. */
function claimBetter(judged: Judged, bestId: string): readonly Claim[] {
  const isBest = ({ duel }: Judged[number]) => findBetter(duel) === bestId;
  const worse = judged.filter(isBest);
  const cases = Math.min(...worse.map(({ duel }) => duel.comparison.pairs));
  return [
    ...(worse.length > 0
      ? [{ kind: 'better' as const, betterId: bestId, worseIds: worse.map(({ id }) => id), cases }]
      : []),
    ...judged
      .filter((each) => !isBest(each))
      .map(({ id, duel }) => ({
        kind: 'better' as const,
        betterId: id,
        worseIds: [bestId],
        cases: duel.comparison.pairs,
      })),
  ];
}

function findBetter({ firstId, secondId, comparison }: Duel): string {
  return comparison.difference > 0 ? secondId : firstId;
}

function claimTied(judged: Judged, bestId: string): readonly Claim[] {
  if (judged.length <= MOST_SENTENCES) return judged.map(({ id, duel }) => describeTie(bestId, id, duel));
  return [
    {
      kind: 'many-tied',
      bestId,
      ids: judged.map(({ id }) => id),
      cases: Math.min(...judged.map(({ duel }) => duel.comparison.pairs)),
    },
  ];
}

function describeTie(firstId: string, secondId: string, { comparison }: Duel): Claim {
  const { pairs, moreCases } = comparison;
  return {
    kind: 'tied',
    firstId,
    secondId,
    cases: pairs,
    ...(moreCases !== undefined && { casesNeeded: pairs + moreCases }),
  };
}

/** Those that the best one beats, each with the next; of many only how many pairs are told apart. */
function claimOthers(
  ids: readonly string[],
  find: (one: string, other: string) => Duel | undefined,
): readonly Claim[] {
  if (ids.length < 2) return [];
  if (ids.length <= MOST_SENTENCES) {
    return ids.slice(1).flatMap((id, at): Claim[] => {
      const before = ids[at] ?? '';
      const duel = find(before, id);
      if (duel === undefined || duel.comparison.pairs === 0) return [];
      if (!duel.shown) return [describeTie(before, id, duel)];
      const betterId = findBetter(duel);
      const worseIds = [betterId === id ? before : id];
      return [{ kind: 'better', betterId, worseIds, cases: duel.comparison.pairs }];
    });
  }
  const pairs = ids.flatMap((one, at) => ids.slice(at + 1).flatMap((other) => find(one, other) ?? []));
  return [{ kind: 'others', pairs: pairs.length, shown: pairs.filter(({ shown }) => shown).length }];
}
