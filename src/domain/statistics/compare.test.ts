import { describe, expect, it } from 'vitest';
import { compareScores, type CaseScore } from './compare';

/** One letter a case: `+` passed, `-` failed, a blank has no verdict. */
function makeScores(verdicts: string, change: (at: number) => Partial<CaseScore> = () => ({})): CaseScore[] {
  return Array.from(verdicts).flatMap((verdict, at) =>
    verdict === ' '
      ? []
      : [{ caseId: `case-${at}`, pass: verdict === '+', score: verdict === '+' ? 1 : 0, ...change(at) }],
  );
}

describe('compareScores', () => {
  it('counts the discordant cases, names them and tests them', () => {
    const comparison = compareScores(makeScores('+++++---+ '), makeScores('-----+--+-'));
    expect(comparison).toMatchObject({
      pairs: 9,
      bothPassed: 1,
      bothFailed: 2,
      onlyFirst: 5,
      onlySecond: 1,
      unpaired: 1,
      clusters: 9,
      lost: ['case-0', 'case-1', 'case-2', 'case-3', 'case-4'],
      won: ['case-5'],
    });
    expect(comparison.p).toBeCloseTo(0.21875, 10);
    expect(comparison.difference).toBeCloseTo(-4 / 9, 12);
    expect(comparison.interval?.low).toBeLessThan(-4 / 9);
    expect(comparison.interval?.high).toBeGreaterThan(-4 / 9);
    expect(comparison.moreCases).toBeGreaterThan(0);
  });

  it('is paired: cases in another order, and the sides swapped, say the same', () => {
    const first = makeScores('++--+-+-+-');
    const second = makeScores('+-+-+-+++-');
    const forth = compareScores(first, [...second].reverse());
    const back = compareScores(second, first);
    expect(forth.p).toBe(back.p);
    expect(forth.won).toEqual(back.lost);
    expect(forth.difference).toBeCloseTo(-back.difference, 12);
  });

  it('resamples whole clusters and asks for more cases there', () => {
    const pattern = ['+', '+', '-', '+', '-', '+', '+', '-', '+', '+'];
    const other = ['-', '+', '+', '-', '-', '-', '+', '-', '-', '+'];
    const spread = (letters: readonly string[]) => letters.map((letter) => letter.repeat(8)).join('');
    const clusterOf = (at: number) => ({ cluster: `item-${Math.floor(at / 8)}` });
    const clustered = compareScores(makeScores(spread(pattern), clusterOf), makeScores(spread(other)));
    const flat = compareScores(makeScores(spread(pattern)), makeScores(spread(other)));
    const width = ({ interval }: typeof flat) => (interval?.high ?? NaN) - (interval?.low ?? NaN);
    expect(clustered.clusters).toBe(10);
    expect(width(clustered)).toBeGreaterThan(2 * width(flat));
    expect(clustered.moreCases).toBeGreaterThan(flat.moreCases ?? Infinity);
  });

  it('tests whole clusters, so that variants of two items prove nothing', () => {
    const clusterOf = (at: number) => ({ cluster: `item-${Math.floor(at / 8)}` });
    const clustered = compareScores(
      makeScores('-'.repeat(16), clusterOf),
      makeScores('+'.repeat(16), clusterOf),
    );
    expect(clustered.p).toBe(0.5);
    expect(compareScores(makeScores('-'.repeat(16)), makeScores('+'.repeat(16))).p).toBeCloseTo(
      2 / 2 ** 16,
      12,
    );
  });

  it('weighs pooled answers by how many are right', () => {
    const pooled = (right: number, answers: number) => ({
      pooled: { right, answers },
      pass: 2 * right > answers,
    });
    const first = makeScores('++++', (at) => pooled([1, 2, 0, 3][at] ?? 0, 3));
    const second = makeScores('+-+-', (at) => pooled([2, 2, 1, 2][at] ?? 0, 2));
    const comparison = compareScores(first, second);
    // A third to one, two thirds to one, nought to a half, one to one.
    expect(comparison).toMatchObject({ onlyFirst: 0, onlySecond: 3, bothPassed: 1, bothFailed: 0 });
    expect(comparison.difference).toBeCloseTo((2 / 3 + 1 / 3 + 1 / 2) / 4, 12);
    // Three differences of one sign: 2 of 8 signs give as much.
    expect(comparison.p).toBe(0.25);
  });

  it('breaks the counts down by tag', () => {
    const tag = (at: number) => ({ tags: at < 2 ? ['order', 'easy'] : ['order'] });
    const { groups } = compareScores(makeScores('+-+-', tag), makeScores('-++-'));
    expect(groups).toEqual([
      { tag: 'order', pairs: 4, bothPassed: 1, bothFailed: 1, onlyFirst: 1, onlySecond: 1 },
      { tag: 'easy', pairs: 2, bothPassed: 0, bothFailed: 0, onlyFirst: 1, onlySecond: 1 },
    ]);
  });

  it('says nothing of runs that share no case', () => {
    const comparison = compareScores(makeScores('++'), []);
    expect(comparison).toMatchObject({ pairs: 0, unpaired: 2, p: 1, difference: 0 });
    expect(comparison.interval).toBeUndefined();
    expect(comparison.posterior.secondBetter).toBe(0.5);
    expect(comparison.moreCases).toBeUndefined();
  });

  it('compares partial scores beside passes', () => {
    const first = makeScores('--', () => ({ score: 0.25 }));
    const second = makeScores('--', () => ({ score: 0.75 }));
    expect(compareScores(first, second)).toMatchObject({ difference: 0, scoreDifference: 0.5 });
  });
});
