import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testMcNemar } from './mcnemar';

describe('testMcNemar', () => {
  it.each([
    [5, 0, 0.0625],
    [6, 0, 0.031],
    [8, 1, 0.039],
    [10, 3, 0.092],
    [15, 5, 0.041],
  ])('%i to %i: p = %f, as published', (onlyFirst, onlySecond, p) => {
    expect(testMcNemar(onlyFirst, onlySecond)).toBeCloseTo(p, 3);
  });

  it('knows nothing where nothing differs', () => {
    expect(testMcNemar(0, 0)).toBe(1);
  });

  it('treats both sides alike, stays within 0 and 1, and is surer of more one-sided counts', () => {
    const count = fc.integer({ min: 0, max: 3_000 });
    fc.assert(
      fc.property(count, count, (b, c) => {
        const p = testMcNemar(b, c);
        expect(testMcNemar(c, b)).toBe(p);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(testMcNemar(Math.max(b, c) + 1, Math.min(b, c))).toBeLessThanOrEqual(p);
      }),
    );
  });
});
