import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testMcNemar } from './mcnemar';
import { approximateCases, countCasesNeeded, findDetectableDifference } from './planning';
import { computePower } from './power';
import { createRandomInteger } from './resampling-random';

describe('countCasesNeeded', () => {
  it.each([
    [0.1, 0.3],
    [0.3, 0.5],
  ])('finds a difference of %f at disagreement %f about four times in five', (difference, disagreement) => {
    const cases = countCasesNeeded(difference, disagreement) ?? 0;
    const random = createRandomInteger(11);
    const won = (disagreement + difference) / 2;
    let found = 0;
    for (let run = 0; run < 1_000; run++) {
      let b = 0;
      let c = 0;
      for (let at = 0; at < cases; at++) {
        const draw = random(1_000_000) / 1_000_000;
        if (draw < won) c++;
        else if (draw < disagreement) b++;
      }
      if (testMcNemar(b, c) < 0.05) found++;
    }
    expect(found).toBeGreaterThan(760);
    expect(found).toBeLessThan(850);
  });

  it('says nothing where no number would do', () => {
    expect(countCasesNeeded(0, 0.3)).toBeUndefined();
    expect(countCasesNeeded(0.4, 0.3)).toBeUndefined();
  });
});

describe('findDetectableDifference', () => {
  const share = fc.double({ min: 0.01, max: 1, noNaN: true });

  it('is the difference for which so many cases are needed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 301, max: 20_000 }), share, (cases, disagreement) => {
        const difference = findDetectableDifference(cases, disagreement);
        if (difference === undefined) return;
        expect(Math.abs(approximateCases(difference, disagreement) - cases)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is one that the exact test finds four times in five, where cases are few', () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 120 }), share, (cases, disagreement) => {
        const difference = findDetectableDifference(cases, disagreement);
        if (difference === undefined) {
          expect(computePower(cases, disagreement, disagreement)).toBeLessThan(0.8);
          return;
        }
        expect(computePower(cases, difference, disagreement)).toBeGreaterThanOrEqual(0.8);
        const less = Math.max(0, difference - 0.0015);
        expect(computePower(cases, less, disagreement)).toBeLessThan(0.8);
      }),
      { numRuns: 40 },
    );
  });

  it('is undefined for too few cases', () => {
    expect(findDetectableDifference(3, 0.2)).toBeUndefined();
    expect(findDetectableDifference(10, 0.01)).toBeUndefined();
    expect(findDetectableDifference(50, 0)).toBeUndefined();
  });
});
