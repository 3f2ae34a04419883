import { describe, expect, it } from 'vitest';
import { countEffective, estimateProportion } from './effective-size';
import { createRandomInteger } from './resampling-random';
import { computeWilsonInterval } from './wilson';

const cluster = (values: readonly number[], size: number) =>
  values.map((value, at) => ({ value, cluster: String(Math.floor(at / size)) }));

describe('countEffective', () => {
  it('is all of them where they are independent, and the clusters where those are of one mind', () => {
    const values = Array.from({ length: 20 }, (_value, at) => at % 2);
    expect(countEffective(values.map((value) => ({ value })))).toBe(20);
    expect(
      countEffective(
        cluster(
          Array.from({ length: 20 }, (_v, at) => Math.floor(at / 5) % 2),
          5,
        ),
      ),
    ).toBe(4);
    expect(countEffective(cluster(new Array<number>(20).fill(1), 5))).toBe(4);
    // Never more than there are, though values that balance out in each cluster would say so.
    expect(countEffective(cluster(values, 2))).toBe(20);
    expect(countEffective([])).toBe(0);
  });
});

describe('estimateProportion', () => {
  it('is Wilson’s interval where values are independent', () => {
    const { interval, share } = estimateProportion([1, 1, 0, 1].map((value) => ({ value })));
    expect(share).toBe(0.75);
    expect(interval).toEqual(computeWilsonInterval(3, 4));
    expect(estimateProportion([]).interval).toBeUndefined();
  });

  it('holds the true share about as often as it says, where items are varied', () => {
    const random = createRandomInteger(5);
    let held = 0;
    let naive = 0;
    const rounds = 600;
    for (let round = 0; round < rounds; round++) {
      // 30 items, half of them easy (0.95) and half hard (0.25): 0.6 in all.
      const values = Array.from({ length: 30 }, () => (random(2) === 0 ? 95 : 25)).flatMap((chance) =>
        Array.from({ length: 5 }, () => Number(random(100) < chance)),
      );
      const holds = (interval: { low: number; high: number } | undefined) =>
        interval !== undefined && interval.low <= 0.6 && interval.high >= 0.6;
      if (holds(estimateProportion(cluster(values, 5)).interval)) held++;
      if (holds(estimateProportion(values.map((value) => ({ value }))).interval)) naive++;
    }
    expect(held / rounds).toBeGreaterThan(0.92);
    expect(naive / rounds).toBeLessThan(0.85);
  });
});
