import { findDeciding } from '../graders/deciding-reason';
import { isMajority, judgeMajority } from '../graders/self-consistency';
import { castVote, findLeaders, type Vote } from '../graders/majority';
import type { GradedResult, Result } from './run';
import { computePassAllK, computePassAtK } from '../statistics/repeats';

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

/**
 * One result for each case: of several answers the first that gives the majority's answer (self-consistency, X. Wang et al.
 * 2022), read as the grader reads it that decided. Where nothing could be read out of an answer it has no vote. A tie is
 * undecided, and so not right. In order of first appearance.
 */
export function settleRepeats(results: readonly Result[]): readonly Result[] {
  return settle(results, voteOf, countMajority);
}

/**
 * The same of anything that was answered, such as what a link holds.
 * @param conclude gives the chosen answer what only all the votes tell
 */
export function settle<Each extends Answered>(
  results: readonly Each[],
  vote: (result: Each) => Vote,
  conclude: (chosen: Each, votes: readonly Vote[]) => Each = (chosen) => chosen,
): readonly Each[] {
  // Nearly all runs answer each case once.
  if (results.every(({ repeat }) => repeat === undefined)) return results;
  return groupByCase(results).flatMap((answers) => {
    const votes = answers.map(vote);
    const leaders = findLeaders(votes);
    const leader = leaders.find((each) => each.vote.kind === 'wrong') ?? leaders[0];
    const chosen = answers[leader?.voters[0] ?? 0];
    return chosen === undefined ? [] : [conclude(chosen, votes)];
  });
}

/** What a `self-consistency` grader says of all the answers, where the chosen one knows only of itself. */
function countMajority(chosen: Result, votes: readonly Vote[]): Result {
  if (chosen.kind === 'failed' || chosen.status === 'not-run') return chosen;
  if (!chosen.outcomes.some(({ type }) => isMajority(type))) return chosen;
  const known = concluded.get(chosen);
  if (known?.votes === votes.length) return known.result;
  const outcomes = chosen.outcomes.map((outcome) =>
    isMajority(outcome.type) ? { ...outcome, verdict: judgeMajority(outcome.type, votes) } : outcome,
  );
  const result = { ...chosen, outcomes };
  concluded.set(chosen, { votes: votes.length, result });
  return result;
}

/** The same object as long as nothing is added: what shows it need not be drawn again. */
const concluded = new WeakMap<Result, { readonly votes: number; readonly result: Result }>();

function groupByCase<Each extends Answered>(results: readonly Each[]): readonly (readonly Each[])[] {
  const groups = new Map<string, Each[]>();
  for (const result of results) {
    const group = groups.get(result.caseId);
    if (group === undefined) groups.set(result.caseId, [result]);
    else group.push(result);
  }
  return [...groups.values()];
}

function voteOf(result: Result): Vote {
  if (result.kind === 'failed') return { kind: 'none' };
  const { status, outcomes } = result;
  return castVote({ status, reason: findDeciding(status, outcomes) });
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
