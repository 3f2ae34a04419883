import type { Contest } from '../../domain/statistics/contest';
import { findClaims, type Claim } from '../../domain/statistics/verdict';

/** What components ask of a contest. */
export function listClaims(contest: Contest): readonly Claim[] {
  return findClaims(contest);
}
