/** How one answer votes: for the right answer, for a wrong one as the graders read it, or not at all. */
export type Vote =
  { readonly kind: 'right' } | { readonly kind: 'wrong'; readonly found: string } | { readonly kind: 'none' };

/** How a graded answer votes: where nothing could be read out of it, it has no vote. */
export function castVote({
  status,
  reason,
}: {
  readonly status: string;
  readonly reason: { readonly code: string; readonly found?: string | undefined } | null;
}): Vote {
  if (status === 'pass') return { kind: 'right' };
  const unread = reason?.found === undefined || reason.code === 'ambiguous' || reason.code === 'no-answer';
  if (status !== 'fail' || unread) return { kind: 'none' };
  return { kind: 'wrong', found: reason.found.toLowerCase().replace(/\s+/g, ' ').trim() };
}

/** All the votes for one thing. */
export interface Ballot {
  readonly vote: Exclude<Vote, { kind: 'none' }>;
  /** Places in the list of votes, ascending. */
  readonly voters: readonly number[];
}

/** Most votes first; of equals the one first voted for. Right answers count as one, whatever was read out of them. */
export function countVotes(votes: readonly Vote[]): readonly Ballot[] {
  const ballots = new Map<string, { vote: Ballot['vote']; voters: number[] }>();
  votes.forEach((vote, index) => {
    if (vote.kind === 'none') return;
    const key = vote.kind === 'right' ? 'right' : `wrong ${vote.found}`;
    const ballot = ballots.get(key);
    if (ballot === undefined) ballots.set(key, { vote, voters: [index] });
    else ballot.voters.push(index);
  });
  return [...ballots.values()].sort((one, other) => other.voters.length - one.voters.length);
}

/** Those that nothing has more votes than: several where it is a tie, none where nobody voted. */
export function findLeaders(votes: readonly Vote[]): readonly Ballot[] {
  const ballots = countVotes(votes);
  return ballots.filter(({ voters }) => voters.length === ballots[0]?.voters.length);
}
