import { describe, expect, it } from 'vitest';
import { bootstrapMean } from './bootstrap';

const values = [0.1, 0.93, 1, 0.07, 0.88, 1, 0.97, 0.2, 0, 0.71].map((value) => ({ value }));

describe('bootstrapMean', () => {
  it('gives the same interval for the same seed and another for another', () => {
    expect(bootstrapMean(values, { seed: 7 })).toEqual(bootstrapMean(values, { seed: 7 }));
    const ends = [1, 2, 3, 4].map((seed) => JSON.stringify(bootstrapMean(values, { seed, resamples: 200 })));
    expect(new Set(ends).size).toBeGreaterThan(1);
  });

  it('widens where values come in clusters', () => {
    const clustered = values.flatMap(({ value }, at) =>
      Array.from({ length: 10 }, () => ({ value, cluster: `item ${at}` })),
    );
    const asIfIndependent = bootstrapMean(clustered.map(({ value }) => ({ value })));
    const honest = bootstrapMean(clustered);
    const width = (interval: typeof honest) => (interval?.high ?? NaN) - (interval?.low ?? NaN);
    expect(width(honest)).toBeGreaterThan(2 * width(asIfIndependent));
  });

  it('knows nothing of one cluster', () => {
    expect(bootstrapMean([])).toBeUndefined();
    expect(bootstrapMean([{ value: 1 }])).toBeUndefined();
    expect(
      bootstrapMean([
        { value: 1, cluster: 'a' },
        { value: 0, cluster: 'a' },
      ]),
    ).toBeUndefined();
  });
});
