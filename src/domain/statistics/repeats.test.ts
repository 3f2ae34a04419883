import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computePassAllK, computePassAtK } from './repeats';

const counts = fc
  .integer({ min: 1, max: 50 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n }), fc.integer({ min: 1, max: n })));

describe('pass@k and pass^k', () => {
  it('are the share of right answers for k = 1', () => {
    expect(computePassAtK(10, 3, 1)).toBeCloseTo(0.3, 12);
    expect(computePassAllK(10, 3, 1)).toBeCloseTo(0.3, 12);
  });

  it('mirror each other: none wrong among k, none right among k', () => {
    fc.assert(
      fc.property(counts, ([n, right, k]) => {
        const atLeastOne = computePassAtK(n, right, k) ?? NaN;
        expect(atLeastOne).toBeCloseTo(1 - (computePassAllK(n, n - right, k) ?? NaN), 12);
        expect(computePassAllK(n, right, k)).toBeLessThanOrEqual(atLeastOne + 1e-12);
      }),
    );
  });

  it('are unknown for more answers than there are', () => {
    expect(computePassAtK(3, 1, 4)).toBeUndefined();
    expect(computePassAllK(3, 1, 0)).toBeUndefined();
  });
});
