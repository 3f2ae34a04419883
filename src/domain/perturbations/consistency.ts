import type { Result } from '../run/run';
import { computeWilsonInterval, type Interval } from '../statistics/wilson';
import type { Case } from '../sets/test-set';

export interface Consistency {
  /** Groups of at least two cases that were all graded, as passed or failed. */
  readonly groups: number;
  /** Those whose cases all passed. */
  readonly consistent: number;
  /** Groups that a failed, missing or ungraded case keeps from being counted. */
  readonly incomplete: number;
  /** `consistent` / `groups`; absent without groups. */
  readonly share?: number;
  /** Of the share, 95 %. */
  readonly interval?: Interval;
  /** Of the cases in the counted groups; to be shown beside the share. */
  readonly accuracy?: number;
}

type Status = Pick<Extract<Result, { kind: 'graded' }>, 'caseId' | 'status'>;

/** How often all the variants of one item are answered right: what is understood survives a change of words. */
export function measureConsistency(
  results: readonly (Result | Status)[],
  cases: readonly Pick<Case, 'id' | 'group'>[],
): Consistency {
  const statuses = new Map(
    results.map((each) => [each.caseId, 'status' in each ? each.status : undefined] as const),
  );
  const members = new Map<string, Case['id'][]>();
  for (const { id, group } of cases) {
    if (group !== undefined) members.set(group, [...(members.get(group) ?? []), id]);
  }
  const groups = [...members.values()]
    .filter((ids) => ids.length > 1)
    .map((ids) => ids.map((id) => statuses.get(id)));
  const complete = groups.filter((group) => group.every((each) => each === 'pass' || each === 'fail'));
  const consistent = complete.filter((group) => group.every((each) => each === 'pass')).length;
  const answers = complete.flat();
  const interval = computeWilsonInterval(consistent, complete.length);
  return {
    groups: complete.length,
    consistent,
    incomplete: groups.length - complete.length,
    ...(complete.length > 0 && {
      share: consistent / complete.length,
      accuracy: answers.filter((each) => each === 'pass').length / answers.length,
    }),
    ...(interval !== undefined && { interval }),
  };
}
