import { describe, expect, it } from 'vitest';
import {
  createRandom,
  drawBelow,
  drawBetween,
  drawChance,
  elementAt,
  pick,
  sample,
  shuffle,
} from './seeded-stream';

describe('createRandom', () => {
  it('draws the same on every device', () => {
    const random = createRandom('zebra 7');
    expect([random(), random(), random(), random()]).toEqual([
      3799754691, 1035817501, 3172988858, 3478174704,
    ]);
  });

  it('differs for texts that differ in one letter', () => {
    const first = (text: string) => createRandom(text)();
    const seen = new Set(Array.from({ length: 10_000 }, (_, at) => first(`zebra 1 1 ${at}`)));
    expect(seen.size).toBeGreaterThan(9_990);
  });

  it('is uniform: chi-squared of 64 cells over 64,000 draws is within its 99.9 % range', () => {
    const random = createRandom('uniform');
    const cells = new Array<number>(64).fill(0);
    for (let at = 0; at < 64_000; at++) {
      const cell = drawBelow(random, 64);
      cells[cell] = elementAt(cells, cell) + 1;
    }
    const chiSquared = cells.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    expect(chiSquared).toBeGreaterThan(31);
    expect(chiSquared).toBeLessThan(104);
  });
});

describe('drawing', () => {
  const random = createRandom('draws');

  it('stays within its bounds and reaches both', () => {
    const drawn = new Set(Array.from({ length: 500 }, () => drawBetween(random, 2, 5)));
    expect([...drawn].sort()).toEqual([2, 3, 4, 5]);
  });

  it('takes a chance as often as it says', () => {
    const taken = Array.from({ length: 10_000 }, () => drawChance(random, 0.3)).filter(Boolean).length;
    expect(taken).toBeGreaterThan(2_850);
    expect(taken).toBeLessThan(3_150);
  });

  it('shuffles every order equally often', () => {
    const counts = new Map<string, number>();
    for (let at = 0; at < 6_000; at++) {
      const order = shuffle(random, [1, 2, 3]).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(130);
  });

  it('samples without taking anything twice, and leaves the list alone', () => {
    const items = [1, 2, 3, 4, 5];
    expect(new Set(sample(random, items, 4)).size).toBe(4);
    expect(items).toEqual([1, 2, 3, 4, 5]);
  });

  it('refuses to pick from nothing', () => {
    expect(() => pick(random, [])).toThrow(RangeError);
    expect(() => elementAt([1], 1)).toThrow(RangeError);
  });
});
