import { describe, expect, it } from 'vitest';
import { bootstrapMean } from './bootstrap';
// Made by fixtures/make.py, which says how.
import reference from './fixtures/reference.json';
import { testMcNemar } from './mcnemar';
import { estimateMean } from './mean';
import { adjustBenjaminiHochberg, adjustHolm } from './multiplicity';
import { approximateCases, countCasesNeeded } from './planning';
import { computePower } from './power';
import { computePassAllK, computePassAtK } from './repeats';
import { computeWilsonInterval } from './wilson';

function expectAllClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index] ?? NaN, 10);
  });
}

const cluster = (values: readonly number[], names?: readonly string[]) =>
  values.map((value, index) => ({ value, cluster: names?.[index] }));

describe('the figures of scipy and statsmodels', () => {
  it.each(reference.wilson)('Wilson: $successes of $trials', ({ successes, trials, low, high }) => {
    const interval = computeWilsonInterval(successes, trials);
    expect(interval?.low).toBeCloseTo(low, 10);
    expect(interval?.high).toBeCloseTo(high, 10);
  });

  it.each(reference.mcnemar)('McNemar: $b to $c', ({ b, c, p }) => {
    expect(testMcNemar(b, c)).toBeCloseTo(p, 10);
  });

  it.each(reference.multiple)('Holm and Benjamini-Hochberg: $p', ({ p, holm, benjaminiHochberg }) => {
    expectAllClose(adjustHolm(p), holm);
    expectAllClose(adjustBenjaminiHochberg(p), benjaminiHochberg);
  });

  it.each(reference.means)(
    'standard error of the mean, plain and clustered',
    ({ values, clusters, ...expected }) => {
      const clustered = estimateMean(cluster(values, clusters));
      expect(clustered?.mean).toBeCloseTo(expected.mean, 10);
      expect(clustered?.standardError).toBeCloseTo(expected.clusteredError, 10);
      expect(clustered?.clusters).toBe(new Set(clusters).size);
      expect(estimateMean(cluster(values))?.standardError).toBeCloseTo(expected.plainError, 10);
    },
  );

  it.each(reference.bootstrap)('percentile bootstrap', ({ values, clusters, low, high }) => {
    const interval = bootstrapMean(cluster(values, clusters), { resamples: 20_000, seed: 5 });
    expect(Math.abs((interval?.low ?? NaN) - low)).toBeLessThan(0.013);
    expect(Math.abs((interval?.high ?? NaN) - high)).toBeLessThan(0.013);
  });

  it.each(reference.repeats)('pass@k and pass^k: $right of $n, k $k', ({ n, right, k, atLeastOne, all }) => {
    expect(computePassAtK(n, right, k)).toBeCloseTo(atLeastOne, 10);
    expect(computePassAllK(n, right, k)).toBeCloseTo(all, 10);
  });

  it.each(reference.planning)('cases for $difference', ({ difference, disagreement, cases }) => {
    expect(approximateCases(difference, disagreement)).toBe(cases);
    if (cases > 600) expect(countCasesNeeded(difference, disagreement)).toBe(cases);
  });

  it.each(reference.power)('power of $pairs pairs', ({ pairs, difference, disagreement, power }) => {
    expect(computePower(pairs, difference, disagreement)).toBeCloseTo(power, 8);
  });
});
