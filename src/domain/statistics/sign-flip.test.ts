import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testMcNemar } from './mcnemar';
import { createRandomInteger } from './resampling-random';
import { testSignFlip } from './sign-flip';

/** All 2^n signs, one by one. */
function enumerate(sums: readonly number[]): number {
  const observed = Math.abs(sums.reduce((sum, each) => sum + each, 0));
  const all = 2 ** sums.length;
  let hits = 0;
  for (let signs = 0; signs < all; signs++) {
    const flipped = sums.reduce((sum, each, at) => sum + ((signs >> at) & 1 ? each : -each), 0);
    if (Math.abs(flipped) >= observed) hits++;
  }
  return hits / all;
}

describe('testSignFlip', () => {
  it('is the share of all signs that give a sum as large', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -7, max: 7 }), { maxLength: 10 }), (sums) => {
        expect(testSignFlip(sums)).toBeCloseTo(enumerate(sums), 12);
      }),
    );
  });

  it('is the exact McNemar test where every item counts alike', () => {
    const counts = fc.integer({ min: 0, max: 60 });
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 9 }), (b, c, size) => {
        const sums = [...new Array<number>(b).fill(-size), ...new Array<number>(c).fill(size), 0];
        expect(testSignFlip(sums)).toBeCloseTo(testMcNemar(b, c), 12);
      }),
    );
  });

  it('never says more than its clusters can', () => {
    expect(testSignFlip([8, 0])).toBe(1);
    expect(testSignFlip([8, 7])).toBe(0.5);
    expect(testSignFlip([])).toBe(1);
  });

  it('keeps its error rate under clusters, where McNemar does not', () => {
    // 50 items of 10 variants; a model is right on all variants of an item or on none, whichever the coin says.
    const random = createRandomInteger(7);
    let flips = 0;
    let naive = 0;
    const rounds = 400;
    for (let round = 0; round < rounds; round++) {
      const sums = Array.from({ length: 50 }, () => 10 * (random(2) - random(2)) + (random(3) - 1));
      if (testSignFlip(sums) < 0.05) flips++;
      const wins = sums.reduce((sum, each) => sum + Math.max(0, each), 0);
      const losses = sums.reduce((sum, each) => sum + Math.max(0, -each), 0);
      if (testMcNemar(losses, wins) < 0.05) naive++;
    }
    expect(flips / rounds).toBeLessThan(0.08);
    expect(naive / rounds).toBeGreaterThan(0.3);
  });

  it('draws signs where there are too many sums for the exact way', () => {
    const pick = createRandomInteger(3);
    const large = Array.from({ length: 300 }, () => 1_000_003 + pick(50_000));
    expect(testSignFlip(large)).toBeLessThan(0.001);
    expect(testSignFlip(large.map((each, at) => (at % 2 === 0 ? each : -each)))).toBeGreaterThan(0.5);
  });
});
