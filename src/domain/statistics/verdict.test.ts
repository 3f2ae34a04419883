import { describe, expect, it } from 'vitest';
import { makeSet } from '../testing/make-run';
import { holdContest } from './contest';
import { findClaims } from './verdict';

const contest = (runs: Readonly<Record<string, string>>) =>
  holdContest(
    Object.entries(runs).map(([id, letters]) => ({
      id,
      cases: makeSet(Array.from(letters, (_letter, at) => `q${at}`)).cases,
      scores: Array.from(letters).flatMap((letter, at) =>
        letter === ' ' ? [] : [{ caseId: `q${at}`, pass: letter === '+', score: Number(letter === '+') }],
      ),
    })),
  );
const marks = (right: number, wrong: number) => '+'.repeat(right) + '-'.repeat(wrong);

describe('findClaims', () => {
  it('says who is better, who cannot be told apart, and how many questions would do', () => {
    const claims = findClaims(contest({ c: marks(20, 80), b: marks(24, 76), a: marks(60, 40) }));
    expect(claims).toEqual([
      { kind: 'better', betterId: 'a', worseIds: ['b', 'c'], cases: 100 },
      { kind: 'tied', firstId: 'b', secondId: 'c', cases: 100, casesNeeded: 197 },
    ]);
  });

  it('says nothing of how many where no difference was seen', () => {
    expect(findClaims(contest({ a: '++--', b: '++--' }))).toEqual([
      { kind: 'tied', firstId: 'a', secondId: 'b', cases: 4 },
    ]);
  });

  it('counts where there are too many to name each', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5 }, (_run, at) => [`r${at}`, marks(10 + at, 20 - at)]),
    );
    expect(findClaims(contest(many))).toEqual([
      { kind: 'many-tied', bestId: 'r4', ids: ['r3', 'r2', 'r1', 'r0'], cases: 30 },
    ]);
    expect(findClaims(contest({ ...many, top: marks(30, 0) }))).toEqual([
      { kind: 'better', betterId: 'top', worseIds: ['r4', 'r3', 'r2', 'r1', 'r0'], cases: 30 },
      { kind: 'others', pairs: 10, shown: 0 },
    ]);
  });

  it('never lets a stopped run win over those that came to their end', () => {
    const claims = findClaims(
      contest({ a: marks(5, 19), b: marks(7, 17), stopped: marks(8, 0) + ' '.repeat(16) }),
    );
    expect(claims).toMatchObject([{ kind: 'tied', firstId: 'b', secondId: 'a', cases: 24 }]);
  });

  it('speaks of a stopped run where one other is left, on what both answered', () => {
    const claims = findClaims(contest({ a: marks(0, 12) + marks(12, 0), b: marks(12, 0) + ' '.repeat(12) }));
    expect(claims).toEqual([{ kind: 'better', betterId: 'b', worseIds: ['a'], cases: 12 }]);
    expect(findClaims(contest({ a: '++', b: '  ' }))).toEqual([]);
    expect(findClaims(contest({}))).toEqual([]);
  });
});
