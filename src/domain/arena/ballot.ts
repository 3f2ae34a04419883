import * as v from 'valibot';
import { parseWith } from '../parse';
import type { Battle } from '../statistics/bradley-terry';
import { computeWilsonInterval, type Interval } from '../statistics/wilson';

const text = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));
const verdict = v.picklist(['pass', 'fail', 'none']);

const ballotSchema = v.strictObject({
  /** Hash of the set, and the case in it. */
  question: text(200),
  /** The left answer's model and artifact, and the run that it is from. */
  leftId: text(400),
  leftRun: text(80),
  rightId: text(400),
  rightRun: text(80),
  choice: v.picklist(['left', 'right', 'tie', 'both-bad']),
  /** What the graders said of each; they are not shown before the choice. */
  leftVerdict: verdict,
  rightVerdict: verdict,
});

/** What a person, who did not know whose answers they were, said of two. */
export type Ballot = Readonly<v.InferOutput<typeof ballotSchema>>;

/** More than a person gives; each is some hundred bytes. */
export const MAX_BALLOTS = 5_000;

/** Ballots as they were stored. @throws FaultError `bad-input` */
export function parseBallots(input: unknown): readonly Ballot[] {
  return parseWith(v.pipe(v.array(ballotSchema), v.maxLength(MAX_BALLOTS)), input, 'ballots');
}

/** The two answers of a ballot, whichever side they were on: they are judged once. */
export function nameMatchup({
  question,
  leftRun,
  rightRun,
}: Pick<Ballot, 'question' | 'leftRun' | 'rightRun'>): string {
  return [question, ...[leftRun, rightRun].sort()].join(' ');
}

/** Two that are both bad are no better than each other: a tie. */
export function toBattles(ballots: readonly Ballot[]): readonly Battle[] {
  return ballots.map(({ leftId, rightId, choice }) => ({
    firstId: leftId,
    secondId: rightId,
    winner: choice === 'left' ? 'first' : choice === 'right' ? 'second' : 'tie',
  }));
}

export interface Agreement {
  /** Ballots for one of two answers of which the graders passed just one. */
  readonly ballots: number;
  readonly agreed: number;
  /** Of the share, 95 %; absent without such ballots. */
  readonly interval?: Interval;
}

/** How often a person prefers the answer that the graders passed. */
export function measureAgreement(ballots: readonly Ballot[]): Agreement {
  const decided = ballots.filter(
    ({ choice, leftVerdict, rightVerdict }) =>
      (choice === 'left' || choice === 'right') &&
      leftVerdict !== rightVerdict &&
      leftVerdict !== 'none' &&
      rightVerdict !== 'none',
  );
  const agreed = decided.filter(
    ({ choice, leftVerdict }) => (choice === 'left') === (leftVerdict === 'pass'),
  ).length;
  const interval = computeWilsonInterval(agreed, decided.length);
  return { ballots: decided.length, agreed, ...(interval !== undefined && { interval }) };
}
