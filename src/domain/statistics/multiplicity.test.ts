import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustBenjaminiHochberg, adjustHolm } from './multiplicity';

describe.each([
  ['Holm', adjustHolm],
  ['Benjamini-Hochberg', adjustBenjaminiHochberg],
])('%s', (_name, adjust) => {
  it('never lowers a p-value, keeps their order, and does not depend on it', () => {
    const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(values, (pValues) => {
        const adjusted = adjust(pValues);
        const of = new Map(pValues.map((p, at) => [p, adjusted[at] ?? NaN]));
        for (const [p, after] of of) {
          expect(after).toBeGreaterThanOrEqual(p);
          expect(after).toBeLessThanOrEqual(1);
        }
        const sorted = [...pValues].sort((a, b) => a - b);
        const inOrder = adjust(sorted);
        inOrder.forEach((after, at) => {
          expect(after).toBeGreaterThanOrEqual(inOrder[at - 1] ?? 0);
          expect(after).toBe(of.get(sorted[at] ?? NaN));
        });
      }),
    );
  });

  it('leaves a single p-value as it is', () => {
    expect(adjust([0.03])).toEqual([0.03]);
    expect(adjust([])).toEqual([]);
  });
});
