import { expect, it } from 'vitest';
import { PythonRandom } from './python-random';

/** What `random.Random(1234).sample(range(length), count)` of CPython 3.11 gives, one after the other. */
const SAMPLES: readonly [length: number, count: number, places: readonly number[]][] = [
  [5, 2, [3, 0]],
  [21, 5, [0, 2, 18, 1, 19]],
  [22, 5, [3, 11, 7, 0, 20]],
  [100, 6, [79, 61, 78, 59, 19, 11]],
  [85, 6, [23, 14, 1, 64, 62, 31]],
  [86, 6, [8, 85, 69, 59, 76, 11]],
  [7473, 5, [4219, 4743, 376, 2208, 6753]],
  [1, 1, [0]],
  [100000, 8, [84493, 39639, 63050, 46561, 34924, 32656, 85915, 26218]],
];
/** The first sample of three out of a thousand, by seed. */
const BY_SEED: readonly [seed: number, places: readonly number[]][] = [
  [0, [864, 394, 776]],
  [42, [654, 114, 25]],
  [4294967295, [650, 634, 208]],
];

it('draws what Python draws, from short lists and long ones, again and again', () => {
  const random = new PythonRandom(1_234);
  for (const [length, count, places] of SAMPLES) expect(random.sample(length, count)).toEqual(places);
});

it.each(BY_SEED)('is seeded as Python seeds it: %i', (seed, places) => {
  expect(new PythonRandom(seed).sample(1_000, 3)).toEqual(places);
});

it('draws no more than there are', () => {
  expect(() => new PythonRandom(1).sample(3, 4)).toThrow(RangeError);
  expect([...new PythonRandom(1).sample(30, 30)].sort((a, b) => a - b)).toEqual([...Array(30).keys()]);
});
