import type { GradedResult, Result } from './run';
import { computePassAllK, computePassAtK } from './statistics/repeats';

/** One answer to one case: the case's id, and which of several answers. Ids of cases hold no `#`. */
export function nameAttempt({
  caseId,
  repeat = 0,
}: {
  readonly caseId: string;
  readonly repeat?: number;
}): string {
  return repeat === 0 ? caseId : `${caseId}#${repeat}`;
}

/** What settling several answers to one case needs to know of each. */
interface Answered {
  readonly caseId: string;
  readonly repeat?: number;
}

/** How one answer votes: for the right answer, for a wrong one as the graders read it, or not at all. */
type Vote =
  { readonly kind: 'right' } | { readonly kind: 'wrong'; readonly found: string } | { readonly kind: 'none' };

/**
 * One result for each case: of several answers the first that gives the majority's answer (self-consistency, X. Wang et al.
 * 2022), read as the first grader reads it. Where nothing could be read out of an answer it has no vote. A tie is
 * undecided, and so not right. In order of first appearance.
 */
export function settleRepeats(results: readonly Result[]): readonly Result[] {
  return settle(results, voteOf);
}

/** The same of anything that was answered, such as what a link holds. */
export function settle<Each extends Answered>(
  results: readonly Each[],
  vote: (result: Each) => Vote,
): readonly Each[] {
  // Nearly all runs answer each case once.
  if (results.every(({ repeat }) => repeat === undefined)) return results;
  return groupByCase(results).flatMap((answers) => chooseMajority(answers, vote) ?? []);
}

function groupByCase<Each extends Answered>(results: readonly Each[]): readonly (readonly Each[])[] {
  const groups = new Map<string, Each[]>();
  for (const result of results) {
    const group = groups.get(result.caseId);
    if (group === undefined) groups.set(result.caseId, [result]);
    else group.push(result);
  }
  return [...groups.values()];
}

function chooseMajority<Each extends Answered>(
  answers: readonly Each[],
  vote: (result: Each) => Vote,
): Each | undefined {
  const ballots = new Map<string, Each[]>();
  const right = '\u0000right';
  for (const answer of answers) {
    const cast = vote(answer);
    if (cast.kind === 'none') continue;
    const key = cast.kind === 'right' ? right : cast.found;
    ballots.set(key, [...(ballots.get(key) ?? []), answer]);
  }
  const most = Math.max(0, ...[...ballots.values()].map((each) => each.length));
  const leaders = [...ballots].filter(([, each]) => each.length === most);
  const [leader] = leaders.find(([key]) => key !== right || leaders.length === 1)?.[1] ?? [];
  return leader ?? answers[0];
}

function voteOf(result: Result): Vote {
  if (result.kind === 'failed') return { kind: 'none' };
  const verdict = result.outcomes[0]?.verdict;
  const reason = verdict === undefined || 'notRun' in verdict ? null : verdict.reason;
  return castVote({ status: result.status, reason });
}

/** How a graded answer votes. */
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

export interface RepeatSummary {
  /** Cases that were answered at least k times. */
  readonly cases: number;
  readonly k: number;
  /** Chance that one of k answers is right, mean over cases. */
  readonly passAtK: number;
  /** Chance that all of k answers are right (pass^k), mean over cases. */
  readonly passAllK: number;
}

/** pass@k and pass^k over the graded answers of each case. @returns undefined where no case has k of them */
export function summarizeRepeats(results: readonly Result[], k: number): RepeatSummary | undefined {
  const graded = results.filter(
    (result): result is GradedResult => result.kind === 'graded' && result.status !== 'not-run',
  );
  const chances = groupByCase(graded).flatMap((answers) => {
    const right = answers.filter(({ status }) => status === 'pass').length;
    const atK = computePassAtK(answers.length, right, k);
    const allK = computePassAllK(answers.length, right, k);
    return atK === undefined || allK === undefined ? [] : [{ atK, allK }];
  });
  if (chances.length === 0) return undefined;
  const mean = (pick: (chance: (typeof chances)[number]) => number) =>
    chances.reduce((sum, chance) => sum + pick(chance), 0) / chances.length;
  return { cases: chances.length, k, passAtK: mean(({ atK }) => atK), passAllK: mean(({ allK }) => allK) };
}
