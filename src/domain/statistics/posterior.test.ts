import { describe, expect, it } from 'vitest';
// Made by fixtures/make.py, which says how.
import reference from './fixtures/reference.json';
import { findPosterior } from './posterior';

/** Losses, wins and ties of single items. */
const pairs = (losses: number, wins: number, ties: number) => [
  ...new Array<number>(losses).fill(-1),
  ...new Array<number>(wins).fill(1),
  ...new Array<number>(ties).fill(0),
];

describe('findPosterior', () => {
  it.each(reference.posterior)('Dirichlet: $losses to $wins of $pairs', (expected) => {
    const { losses, wins } = expected;
    const values = pairs(losses, wins, expected.pairs - losses - wins).map((value) => ({ value }));
    const { secondBetter, interval } = findPosterior(values, { draws: 20_000 });
    expect(secondBetter).toBeCloseTo(expected.secondBetter, 10);
    expect(Math.abs(interval.low - expected.low)).toBeLessThan(0.012);
    expect(Math.abs(interval.high - expected.high)).toBeLessThan(0.012);
  });

  it('knows nothing of nothing, and is never sure', () => {
    const nothing = findPosterior([]);
    expect(nothing.secondBetter).toBe(0.5);
    expect(nothing.interval.low).toBeLessThan(-0.5);
    const few = findPosterior(pairs(0, 3, 0).map((value) => ({ value })));
    expect(few.secondBetter).toBeLessThan(0.95);
    expect(few.interval.low).toBeLessThan(0.2);
  });

  it('takes variants of one item for one item', () => {
    const values = [...pairs(0, 20, 0), ...pairs(5, 0, 0)];
    const flat = findPosterior(values.map((value) => ({ value })));
    const clustered = findPosterior(
      values.map((value, at) => ({ value, cluster: String(Math.floor(at / 5)) })),
    );
    const width = ({ interval }: typeof flat) => interval.high - interval.low;
    expect(width(clustered)).toBeGreaterThan(1.5 * width(flat));
    expect(clustered.secondBetter).toBeLessThan(flat.secondBetter);
    // Items of one variant each are no clusters at all.
    const alone = findPosterior(values.map((value, at) => ({ value, cluster: String(at) })));
    expect(alone.interval).toEqual(flat.interval);
    expect(alone.secondBetter).toBeCloseTo(flat.secondBetter, 2);
  });
});
