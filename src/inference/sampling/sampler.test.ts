import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Candidates, selectKth } from './candidates';
import { createRandom, createSplitMix64, createXoshiro128 } from './sampler-random';
import { createSampler } from './sampler';
import type { SamplingOptions } from './sampler';

function countAt(counts: number[], index: number): void {
  counts[index] = (counts[index] ?? 0) + 1;
}

describe('the generators', () => {
  test('SplitMix64 gives its published values', () => {
    const next = createSplitMix64(1234567n);
    expect([next(), next(), next()]).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
    ]);
  });

  test('xoshiro128** gives what its C source gives', () => {
    const next = createXoshiro128([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, next)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test('uniform numbers are uniform, and the same for a seed', () => {
    const random = createRandom(7);
    const bins = new Array<number>(20).fill(0);
    for (let count = 0; count < 100_000; count++) countAt(bins, Math.floor(random() * 20));
    // Chi squared with 19 degrees of freedom exceeds 43.8 once in a thousand.
    expect(bins.reduce((sum, seen) => sum + (seen - 5000) ** 2 / 5000, 0)).toBeLessThan(43.8);
    expect(createRandom(7)()).toBe(createRandom(7)());
    expect(createRandom(-1)()).not.toBe(createRandom(1)());
  });
});

function softmax(logits: readonly number[], temperature = 1): number[] {
  const weights = logits.map((logit) => Math.exp(logit / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function countSamples(options: SamplingOptions, logits: readonly number[], draws = 40_000): number[] {
  const sampler = createSampler(options, 11);
  const counts = logits.map(() => 0);
  for (let index = 0; index < draws; index++) countAt(counts, sampler.sample(Float32Array.from(logits)));
  return counts;
}

/** Chi squared per degree of freedom; about 1 when the counts follow the probabilities. */
function misfit(counts: readonly number[], probabilities: readonly number[]): number {
  const draws = counts.reduce((a, b) => a + b, 0);
  let sum = 0;
  let degrees = -1;
  for (const [index, probability] of probabilities.entries()) {
    if (probability === 0) {
      expect(counts[index]).toBe(0);
      continue;
    }
    sum += ((counts[index] ?? 0) - draws * probability) ** 2 / (draws * probability);
    degrees++;
  }
  return degrees > 0 ? sum / degrees : 0;
}

const logits = [2, 1.5, 1, 0.5, 0, -0.5, -1, -2, -3, -5];

/** Probabilities with only these ids left. */
function only(ids: readonly number[], temperature = 1): number[] {
  return softmax(
    logits.map((logit, id) => (ids.includes(id) ? logit : -Infinity)),
    temperature,
  );
}

describe('distributions', () => {
  test.each<[string, SamplingOptions, number[]]>([
    ['plain', { temperature: 1 }, softmax(logits)],
    ['hot', { temperature: 2 }, softmax(logits, 2)],
    ['cold', { temperature: 0.5 }, softmax(logits, 0.5)],
    ['top-k', { temperature: 1, topK: 3 }, only([0, 1, 2])],
    // 0.35, 0.21, 0.13, 0.08, ...: three reach 0.6, and the third is the one that does.
    ['top-p', { temperature: 1, topP: 0.72 }, only([0, 1, 2])],
    ['top-p keeps one', { temperature: 1, topP: 0 }, only([0])],
    ['min-p', { temperature: 1, minP: Math.exp(-1.1) }, only([0, 1, 2])],
    ['top-k, then top-p of what is left', { temperature: 1, topK: 2, topP: 0.6 }, only([0])],
    ['temperature comes last', { temperature: 3, topP: 0.72 }, only([0, 1, 2], 3)],
  ])('%s', (_name, options, expected) => {
    expect(misfit(countSamples(options, logits), expected)).toBeLessThan(2.5);
  });

  test('typical sampling prefers the expected surprise to the likeliest', () => {
    const peaked = [5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4, 4.3, 4.2, 6.2];
    const probabilities = softmax(peaked);
    const entropy = -probabilities.reduce((sum, p) => sum + p * Math.log(p), 0);
    const order = probabilities
      .map((p, id) => ({ id, p, distance: Math.abs(-Math.log(p) - entropy) }))
      .sort((a, b) => a.distance - b.distance);
    const kept: number[] = [];
    let mass = 0;
    for (const { id, p } of order) {
      kept.push(id);
      mass += p;
      if (mass >= 0.2) break;
    }
    const expected = softmax(peaked.map((logit, id) => (kept.includes(id) ? logit : -Infinity)));
    expect(kept).not.toContain(9);
    expect(misfit(countSamples({ temperature: 1, typicalP: 0.2 }, peaked), expected)).toBeLessThan(2.5);
  });

  test('mirostat keeps the surprise near its target', () => {
    const wide = Array.from({ length: 500 }, (_, id) => 10 - 2 * Math.log(id + 1));
    const probabilities = softmax(wide);
    for (const tau of [2, 3]) {
      const sampler = createSampler({ temperature: 1, mirostat: { tau, eta: 0.1 } }, 5);
      const ids = Array.from({ length: 4000 }, () => sampler.sample(wide)).slice(500);
      // Measured under the full distribution, truncation makes it at most a little lower.
      const bits = ids.reduce((sum, id) => sum - Math.log2(probabilities[id] ?? 0), 0) / ids.length;
      expect(bits).toBeGreaterThan(tau - 1);
      expect(bits).toBeLessThan(tau + 1);
    }
  });
});

describe('bias and penalties', () => {
  test('bias forbids and forces', () => {
    const forbidden = createSampler(
      {
        logitBias: new Map([
          [0, -Infinity],
          [99, 5],
        ]),
      },
      1,
    );
    expect(forbidden.sample(logits)).toBe(1);
    expect(createSampler({ logitBias: new Map([[9, 1000]]), temperature: 1 }, 1).sample(logits)).toBe(9);
    const all = new Map(logits.map((_, id) => [id, -Infinity]));
    expect(() => createSampler({ logitBias: all }, 1).sample(logits)).toThrow('every token is forbidden');
  });

  test('frequency counts, presence does not, repetition scales', () => {
    const flat = [1, 0.95, 0.9, -1];
    const frequency = createSampler({ frequencyPenalty: 0.03 }, 1);
    // Each choice costs 0.03: 1, 0.97, 0.94 | 0.95, 0.92 | ...
    expect(Array.from({ length: 4 }, () => frequency.sample(flat))).toEqual([0, 0, 1, 0]);
    const presence = createSampler({ presencePenalty: 0.2 }, 1);
    expect(Array.from({ length: 4 }, () => presence.sample(flat))).toEqual([0, 1, 2, 0]);
    const repetition = createSampler({ repeatPenalty: 2, penaltyTokens: 3 }, 1);
    repetition.observe([0, 1, 2]);
    expect(repetition.sample(flat)).toBe(0);
    const negative = createSampler({ repeatPenalty: 2 }, 1);
    negative.observe([0]);
    expect(negative.sample([-1, -1.5])).toBe(1);
  });

  test('the window forgets', () => {
    const sampler = createSampler({ presencePenalty: 5, penaltyTokens: 2 }, 1);
    expect(Array.from({ length: 6 }, () => sampler.sample([3, 2, 1]))).toEqual([0, 1, 2, 0, 1, 2]);
    const forever = createSampler({ presencePenalty: 5, penaltyTokens: -1 }, 1);
    expect(Array.from({ length: 6 }, () => forever.sample([3, 2, 1]))).toEqual([0, 1, 2, 0, 0, 0]);
  });

  test('a long run keeps its window', () => {
    const sampler = createSampler({ presencePenalty: 5, penaltyTokens: 2 }, 1);
    for (let index = 0; index < 20_000; index++) sampler.observe([index % 7]);
    // 19,998 % 7 and 19,999 % 7: only ids 6 and 0 are in the window.
    expect(sampler.sample([3, 2, 1, 0, 0, 0, 4])).toBe(1);
  });
});

const anyLogits = fc.array(
  fc.oneof(fc.double({ min: -30, max: 30, noNaN: true }), fc.constantFrom(0, 1, -Infinity, Infinity, NaN)),
  { minLength: 1, maxLength: 400 },
);
const anyOptions: fc.Arbitrary<SamplingOptions> = fc.record({
  temperature: fc.double({ min: 0, max: 5, noNaN: true }),
  topK: fc.nat(50),
  topP: fc.double({ min: 0, max: 1, noNaN: true }),
  minP: fc.double({ min: 0, max: 1, noNaN: true }),
  typicalP: fc.double({ min: 0, max: 1, noNaN: true }),
  repeatPenalty: fc.double({ min: 0.1, max: 3, noNaN: true }),
  frequencyPenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  presencePenalty: fc.double({ min: -2, max: 2, noNaN: true }),
  penaltyTokens: fc.integer({ min: -1, max: 20 }),
  mirostat: fc.option(fc.record({ tau: fc.double({ min: 0, max: 8, noNaN: true }), eta: fc.constant(0.1) }), {
    nil: undefined,
  }),
});

describe('properties', () => {
  test('only possible tokens, no change to the logits, the same ids for a seed', () => {
    fc.assert(
      fc.property(anyLogits, anyOptions, fc.integer(), (values, options, seed) => {
        const possible = values.some((value) => value > -Infinity);
        fc.pre(possible);
        const input = Float64Array.from(values);
        const run = () => {
          const sampler = createSampler(options, seed);
          return Array.from({ length: 5 }, () => sampler.sample(input));
        };
        const ids = run();
        for (const id of ids) expect(values[id]).toBeGreaterThan(-Infinity);
        expect(Array.from(input)).toEqual(values);
        expect(run()).toEqual(ids);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  test('temperature 0, top-k 1 and top-p 0 all choose the greatest, the first of equals', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1 }), (values) => {
        const best = values.indexOf(Math.max(...values));
        expect(createSampler({}, 1).sample(values)).toBe(best);
        expect(createSampler({ temperature: 1, topK: 1 }, 1).sample(values)).toBe(best);
        expect(createSampler({ temperature: 1, topP: 0 }, 1).sample(values)).toBe(best);
      }),
      { seed: 4 },
    );
  });

  test('quickselect agrees with sorting', () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(numbers, fc.nat(), (values, pick) => {
        const count = 1 + (pick % values.length);
        const sorted = values.toSorted((a, b) => b - a);
        expect(selectKth(Float64Array.from(values), count) === sorted[count - 1]).toBe(true);
        const candidates = new Candidates();
        candidates.fill(values);
        const selected = candidates.selectGreatest((index) => candidates.logit(index), count);
        expect(selected.map((index) => values[index] === sorted[selected.indexOf(index)])).not.toContain(
          false,
        );
        expect(new Set(selected).size).toBe(count);
      }),
      { seed: 4 },
    );
  });
});

test('refuses options out of range', () => {
  expect(() => createSampler({ temperature: -1 }, 1)).toThrow('temperature -1 is not in 0..1000');
  expect(() => createSampler({ topP: NaN }, 1)).toThrow('topP');
  expect(() => createSampler({ mirostat: { tau: -1, eta: 0.1 } }, 1)).toThrow('mirostat tau');
  expect(() => createSampler({}, 1.5)).toThrow('seed');
});

test('samples from 128k tokens', () => {
  const random = createRandom(3);
  const wide = Float32Array.from({ length: 128_256 }, () => (random() + random() + random() - 1.5) * 12);
  const options = [
    { topK: 40, topP: 0.95, minP: 0.05 },
    { topP: 0.9 },
    { typicalP: 0.5 },
    { mirostat: { tau: 5, eta: 0.1 } },
  ];
  for (const option of options) {
    const sampler = createSampler({ temperature: 0.8, repeatPenalty: 1.1, ...option }, 1);
    const id = sampler.sample(wide);
    // Among the likely ones: none of these settings takes from the tail.
    expect(wide.filter((logit) => logit > (wide[id] ?? Infinity)).length).toBeLessThan(12_800);
  }
});
