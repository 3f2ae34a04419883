import { describe, expect, it } from 'vitest';
import { estimateDesignEffect, estimateMean } from './mean';

describe('estimateMean', () => {
  it('has no mean of nothing and no standard error of one value', () => {
    expect(estimateMean([])).toBeUndefined();
    expect(estimateMean([{ value: 0.5 }])).toEqual({ mean: 0.5, count: 1, clusters: 1 });
  });

  it('does not become surer by repeating the same answers', () => {
    const once = [1, 0, 1, 1, 0].map((value, at) => ({ value, cluster: `${at}` }));
    const thrice = [...once, ...once, ...once];
    expect(estimateMean(thrice)?.standardError).toBeCloseTo(estimateMean(once)?.standardError ?? NaN, 12);
    // n/(n-1) differs a little: 15 values here, 5 there.
    expect(estimateDesignEffect(thrice)).toBeCloseTo((3 * (5 / 4)) / (15 / 14), 12);
  });

  it('sees no design effect in independent values', () => {
    expect(estimateDesignEffect([1, 0, 1].map((value) => ({ value })))).toBeCloseTo(1, 12);
    expect(estimateDesignEffect([{ value: 1 }, { value: 1 }])).toBe(1);
  });
});
