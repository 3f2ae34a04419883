import { describe, expect, it } from 'vitest';
import { measureAgreement, nameMatchup, parseBallots, toBattles, type Ballot } from './ballot';

const ballot = (change: Partial<Ballot> = {}): Ballot => ({
  question: 'set q1',
  leftId: 'a',
  leftRun: 'run-a',
  rightId: 'b',
  rightRun: 'run-b',
  choice: 'left',
  leftVerdict: 'pass',
  rightVerdict: 'fail',
  ...change,
});

describe('ballots', () => {
  it('are read back, and refused where they are none', () => {
    const ballots = [ballot(), ballot({ choice: 'both-bad', leftVerdict: 'none' })];
    expect(parseBallots(JSON.parse(JSON.stringify(ballots)))).toEqual(ballots);
    expect(() => parseBallots([{ ...ballot(), choice: 'maybe' }])).toThrow();
    expect(() => parseBallots({})).toThrow();
  });

  it('are of one matchup on whichever sides', () => {
    const other = ballot({ leftRun: 'run-b', rightRun: 'run-a' });
    expect(nameMatchup(other)).toBe(nameMatchup(ballot()));
    expect(nameMatchup(ballot({ question: 'set q2' }))).not.toBe(nameMatchup(ballot()));
  });

  it('count as ties where both are bad', () => {
    const choices = ['left', 'right', 'tie', 'both-bad'] as const;
    expect(toBattles(choices.map((choice) => ballot({ choice }))).map(({ winner }) => winner)).toEqual([
      'first',
      'second',
      'tie',
      'tie',
    ]);
  });

  it('agree with the graders where both prefer one', () => {
    const agreement = measureAgreement([
      ballot(),
      ballot({ choice: 'right' }),
      ballot({ choice: 'right', leftVerdict: 'fail', rightVerdict: 'pass' }),
      ballot({ choice: 'tie' }),
      ballot({ rightVerdict: 'pass' }),
      ballot({ rightVerdict: 'none' }),
    ]);
    expect(agreement).toMatchObject({ ballots: 3, agreed: 2 });
    expect(measureAgreement([])).toEqual({ ballots: 0, agreed: 0 });
  });
});
