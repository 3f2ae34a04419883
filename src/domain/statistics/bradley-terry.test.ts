import { describe, expect, it } from 'vitest';
import { findConnected, rateBattles, rateWithIntervals, type Battle } from './bradley-terry';
// Made by fixtures/make-battles.py, which says how.
import reference from './fixtures/battles.json';

const all = reference.battles.map(([firstId = '', secondId = '', winner = '']): Battle => ({
  firstId,
  secondId,
  winner: winner === 'first' || winner === 'second' ? winner : 'tie',
}));
const decided = all.filter(({ winner }) => winner !== 'tie');
const win = (firstId: string, secondId: string): Battle => ({ firstId, secondId, winner: 'first' });

describe('rateBattles', () => {
  it.each(reference.fits)(
    'agrees with choix, prior $precision, ties $ties',
    ({ precision, ties, strengths }) => {
      const rated = rateBattles(ties ? all : decided, precision);
      for (const [at, name] of reference.names.entries()) {
        const strength = rated.find(({ id }) => id === name)?.strength ?? NaN;
        expect(Math.abs(strength - (strengths[at] ?? NaN))).toBeLessThan(1e-6);
      }
    },
  );

  it('agrees with a logistic regression by statsmodels where there is next to no prior', () => {
    const rated = rateBattles(decided, 1e-9);
    for (const [at, name] of reference.names.entries()) {
      const strength = rated.find(({ id }) => id === name)?.strength ?? NaN;
      expect(Math.abs(strength - (reference.free[at] ?? NaN))).toBeLessThan(1e-6);
    }
  });

  it('keeps one that always wins within reach, and counts ten to one odds as 400 points', () => {
    const [best, worst] = rateBattles([win('a', 'b'), win('a', 'b')]);
    expect(best?.id).toBe('a');
    expect(best?.strength).toBeLessThan(5);
    expect((best?.strength ?? 0) + (worst?.strength ?? 0)).toBeCloseTo(0, 12);
    const ten = rateBattles([
      ...Array.from({ length: 10_000 }, () => win('a', 'b')),
      ...Array.from({ length: 1_000 }, () => win('b', 'a')),
    ]);
    expect((ten[0]?.rating ?? 0) - (ten[1]?.rating ?? 0)).toBeCloseTo(400, 0);
    expect(rateBattles([])).toEqual([]);
  });
});

describe('rateWithIntervals', () => {
  it('agrees with choix, to bootstrap noise', () => {
    const rated = rateWithIntervals(all);
    for (const [at, name] of reference.names.entries()) {
      const { interval, rating } = rated.find(({ id }) => id === name) ?? {
        interval: undefined,
        rating: NaN,
      };
      expect(Math.abs((interval?.low ?? NaN) - (reference.intervals.low[at] ?? NaN))).toBeLessThan(20);
      expect(Math.abs((interval?.high ?? NaN) - (reference.intervals.high[at] ?? NaN))).toBeLessThan(20);
      expect(rating).toBeGreaterThan(interval?.low ?? NaN);
      expect(rating).toBeLessThan(interval?.high ?? NaN);
    }
  });
});

describe('findConnected', () => {
  it('finds what battles connect, also through others', () => {
    expect(findConnected([win('a', 'b'), win('c', 'd'), win('d', 'e'), win('b', 'a')])).toEqual([
      ['c', 'd', 'e'],
      ['a', 'b'],
    ]);
    expect(findConnected([win('a', 'b'), win('c', 'd'), win('b', 'c')])[0]).toEqual(['a', 'b', 'c', 'd']);
    expect(findConnected([])).toEqual([]);
  });
});
