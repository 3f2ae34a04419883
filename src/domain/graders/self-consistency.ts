import * as v from 'valibot';
import { countVotes, findLeaders, type Ballot, type Vote } from './majority';
import { parseWith } from '../parse';
import { commonEntries, defineGrader, fail, flip, pass, type GradeOutcome, type Verdict } from './grader';

const optionsSchema = v.strictObject(commonEntries);

/** So many different answers are named. */
const SHOWN_BALLOTS = 3;
const SHOWN_CHARACTERS = 20;

/**
 * What most of several answers to the case say is right, as the case's other graders read them (self-consistency, X. Wang
 * et al. 2022). A tie is undecided, and so fails. With one answer, that is the majority.
 */
export const selfConsistency = defineGrader({
  id: 'self-consistency',
  readsVotes: true,
  form: 'none',
  parse: (spec) => parseWith(optionsSchema, spec, 'self-consistency grader'),
  grade: (_answer, _options, _testCase, { votes }): GradeOutcome =>
    votes === undefined || votes.length === 0
      ? { notRun: { code: 'not-measured', expected: 'what another grader reads' } }
      : judgeVotes(votes),
});

/** Whether an outcome of this type is about all the answers to a case: it is worked out again once they are all in. */
export function isMajority(type: string): boolean {
  return type === 'self-consistency' || type === 'not-self-consistency';
}

/** The verdict of a grader of this type over all the answers to a case. */
export function judgeMajority(type: string, votes: readonly Vote[]): Verdict {
  const verdict = judgeVotes(votes);
  return type === selfConsistency.id ? verdict : flip(verdict);
}

function judgeVotes(votes: readonly Vote[]): Verdict {
  const leaders = findLeaders(votes);
  const found = describeBallots(votes);
  if (leaders.length > 1) return fail('tied', { found });
  return leaders[0]?.vote.kind === 'right' ? pass({ found }) : fail('outvoted', { found });
}

/** `✓ 3/5, 14 1/5`: how many of all said what; ✓ is the right answer. */
function describeBallots(votes: readonly Vote[]): string {
  const ballots = countVotes(votes);
  const describe = ({ vote, voters }: Ballot) =>
    `${vote.kind === 'right' ? '✓' : shorten(vote.found)} ${voters.length}/${votes.length}`;
  if (ballots.length === 0) return `✓ 0/${votes.length}`;
  const shown = ballots.slice(0, SHOWN_BALLOTS).map(describe);
  return [...shown, ...(ballots.length > SHOWN_BALLOTS ? ['…'] : [])].join(', ');
}

function shorten(text: string): string {
  const characters = Array.from(text);
  return characters.length <= SHOWN_CHARACTERS
    ? text
    : `${characters.slice(0, SHOWN_CHARACTERS - 1).join('')}…`;
}
