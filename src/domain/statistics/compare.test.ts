import { describe, expect, it } from 'vitest';
import { compareScores, type CaseScore } from './compare';
import { rankModels } from './ranking';

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
    expect(comparison.moreCases).toBeUndefined();
  });

  it('compares partial scores beside passes', () => {
    const first = makeScores('--', () => ({ score: 0.25 }));
    const second = makeScores('--', () => ({ score: 0.75 }));
    expect(compareScores(first, second)).toMatchObject({ difference: 0, scoreDifference: 0.5 });
  });
});

describe('rankModels', () => {
  const strong = '+'.repeat(40);
  const close = '-'.repeat(4) + '+'.repeat(36);
  const weak = '-'.repeat(12) + '+'.repeat(28);

  it('puts the best first and says who is not told apart from it', () => {
    const ranked = rankModels([
      { id: 'weak', scores: makeScores(weak) },
      { id: 'strong', scores: makeScores(strong) },
      { id: 'close', scores: makeScores(close) },
    ]);
    expect(ranked.map(({ id, tiedWithBest }) => [id, tiedWithBest])).toEqual([
      ['strong', true],
      ['close', true],
      ['weak', false],
    ]);
    // 12 to 0, doubled: two comparisons.
    expect(ranked[2]?.p).toBeCloseTo((2 * 2) / 2 ** 12, 12);
  });

  it('needs more to tell models apart, the more of them are compared', () => {
    const six = '-'.repeat(6) + '+'.repeat(34);
    const alone = [
      { id: 'strong', scores: makeScores(strong) },
      { id: 'six', scores: makeScores(six) },
    ];
    const find = (models: typeof alone) => rankModels(models).find(({ id }) => id === 'six')?.tiedWithBest;
    expect(find(alone)).toBe(false);
    expect(find([...alone, { id: 'other', scores: makeScores(six) }])).toBe(true);
  });

  it('counts only the cases that all have', () => {
    const ranked = rankModels([
      { id: 'a', scores: makeScores('++  ') },
      { id: 'b', scores: makeScores('-+++') },
    ]);
    expect(ranked.map(({ id, passed, cases }) => [id, passed, cases])).toEqual([
      ['a', 2, 2],
      ['b', 1, 2],
    ]);
    expect(rankModels([])).toEqual([]);
  });
});
