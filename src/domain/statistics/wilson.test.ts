import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeWilsonInterval, type Interval } from './wilson';

function wilson(successes: number, trials: number): Interval {
  const interval = computeWilsonInterval(successes, trials);
  if (interval === undefined) throw new Error('no interval');
  return interval;
}

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((trials) => fc.tuple(fc.integer({ min: 0, max: trials }), fc.constant(trials)));

describe('computeWilsonInterval', () => {
  // Values of the published formula; 0 of n ends at z²/(n + z²).
  it.each([
    [5, 5, 56.6, 100],
    [17, 20, 64.0, 94.8],
    [25, 50, 36.6, 63.4],
    [50, 100, 40.4, 59.6],
    [250, 500, 45.6, 54.4],
    [0, 24, 0, 13.8],
  ])('%i of %i: %f %% to %f %%', (successes, trials, low, high) => {
    const interval = wilson(successes, trials);
    expect(interval.low * 100).toBeCloseTo(low, 1);
    expect(interval.high * 100).toBeCloseTo(high, 1);
  });

  it('knows nothing without trials', () => {
    expect(computeWilsonInterval(0, 0)).toBeUndefined();
  });

  it('starts at exactly 0 without successes and ends at exactly 1 without failures', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (trials) => {
        expect(wilson(0, trials).low).toBe(0);
        expect(wilson(trials, trials).high).toBe(1);
      }),
    );
  });

  it('holds the proportion and stays within 0 and 1', () => {
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const { low, high } = wilson(successes, trials);
        const proportion = successes / trials;
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(proportion);
        expect(high).toBeGreaterThanOrEqual(proportion);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThan(high);
      }),
    );
  });

  it('treats successes and failures alike', () => {
    fc.assert(
      fc.property(counts, ([successes, trials]) => {
        const passed = wilson(successes, trials);
        const failed = wilson(trials - successes, trials);
        expect(passed.low).toBeCloseTo(1 - failed.high, 12);
        expect(passed.high).toBeCloseTo(1 - failed.low, 12);
      }),
    );
  });

  it('narrows with more trials of the same proportion', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 50 }), ([successes, trials], times) => {
        const few = wilson(successes, trials);
        const many = wilson(successes * times, trials * times);
        expect(many.high - many.low).toBeLessThan(few.high - few.low);
      }),
    );
  });
});
