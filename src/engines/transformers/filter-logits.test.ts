import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterLogits } from './filter-logits';

const NONE = { temperature: 1, topK: 0, topP: 1 };
const logitsOf = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);
/** Ids that can still be drawn. */
const keptOf = (logits: Float32Array) => [...logits.keys()].filter((id) => logits[id] !== -Infinity);

describe('filtering logits', () => {
  it('leaves them alone for a greedy choice, and tells what makes a log-probability', () => {
    const logits = Float32Array.of(1, 3, 2);
    const logSum = filterLogits(logits, { temperature: 0, topK: 1, topP: 0.1 });
    expect([...logits]).toEqual([1, 3, 2]);
    expect(logSum).toBeCloseTo(Math.log(Math.E + Math.E ** 2 + Math.E ** 3), 5);
  });

  it('keeps the likeliest k', () => {
    const logits = logitsOf(0.1, 0.4, 0.2, 0.3);
    filterLogits(logits, { ...NONE, topK: 2 });
    expect(keptOf(logits)).toEqual([1, 3]);
  });

  it.each([
    [0.3, [1]],
    [0.5, [1, 3]],
    [0.75, [1, 2, 3]],
    [1, [0, 1, 2, 3]],
  ])('keeps the likeliest that reach %f together', (topP, kept) => {
    const logits = logitsOf(0.1, 0.4, 0.2, 0.3);
    filterLogits(logits, { ...NONE, topP });
    expect(keptOf(logits)).toEqual(kept);
  });

  it('measures top-p by what top-k left', () => {
    const logits = logitsOf(0.1, 0.4, 0.2, 0.3);
    // Of the two that are left, the first has 4/7.
    filterLogits(logits, { ...NONE, topK: 2, topP: 0.55 });
    expect(keptOf(logits)).toEqual([1]);
  });

  it('divides by the temperature only after choosing what to keep', () => {
    const logits = logitsOf(0.6, 0.4);
    filterLogits(logits, { ...NONE, temperature: 0.01, topP: 0.9 });
    expect(keptOf(logits)).toEqual([0, 1]);
    expect(logits[0]).toBeCloseTo(Math.log(0.6) / 0.01, 3);
  });

  it('always keeps the likeliest, and never what is less likely than something dropped', () => {
    const value = fc.float({ min: -30, max: 30, noNaN: true });
    const filter = fc.record({
      temperature: fc.double({ min: 0.1, max: 2, noNaN: true }),
      topK: fc.integer({ min: 0, max: 40 }),
      topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), filter, (values, options) => {
        const before = Float32Array.from(values);
        const after = before.slice();
        filterLogits(after, options);
        const kept = keptOf(after);
        expect(kept.length).toBeGreaterThan(0);
        const least = Math.min(...kept.map((id) => before[id] ?? NaN));
        for (const [id, logit] of before.entries()) expect(kept.includes(id)).toBe(logit >= least);
      }),
    );
  });
});
