import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testMcNemar } from './mcnemar';
import { countCasesNeeded, findDetectableDifference } from './planning';
import { createRandomInteger } from './resampling-random';

describe('countCasesNeeded', () => {
  it.each([
    [0.1, 0.3],
    [0.05, 0.15],
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
    // The exact test is a little more careful than the formula.
    expect(found).toBeGreaterThan(700);
    expect(found).toBeLessThan(860);
  });

  it('says nothing where no number would do', () => {
    expect(countCasesNeeded(0, 0.3)).toBeUndefined();
    expect(countCasesNeeded(0.4, 0.3)).toBeUndefined();
  });
});

describe('findDetectableDifference', () => {
  it('is the difference for which so many cases are needed', () => {
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 20_000 }), share, (cases, disagreement) => {
        const difference = findDetectableDifference(cases, disagreement);
        if (difference === undefined) return;
        const needed = countCasesNeeded(difference, disagreement) ?? NaN;
        expect(Math.abs(needed - cases)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('is undefined for too few cases', () => {
    expect(findDetectableDifference(3, 0.2)).toBeUndefined();
    expect(findDetectableDifference(10, 0.01)).toBeUndefined();
    expect(findDetectableDifference(50, 0)).toBeUndefined();
  });
});
