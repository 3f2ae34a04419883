import { describe, expect, it } from 'vitest';
import { readRows } from './rows';
import { takeRows } from './row-limit';

const list = (count: number) => Array.from({ length: count }, (_, n) => ({ n, text: `a, "b"\n${n}` }));
const numbers = (text: string) => readRows(text).map(({ n }) => Number(n));

describe('takeRows', () => {
  const rows = list(20_005);
  const csv = `n,text\n${rows.map(({ n }) => `${n},"a, ""b""\n${n}"`).join('\n')}\n`;
  const texts = {
    'JSON Lines': rows.map((row) => JSON.stringify(row)).join('\n'),
    'a list': JSON.stringify(rows),
    'a list in an object': JSON.stringify({ name: 'x', examples: rows }),
    CSV: csv,
    'a list in YAML': rows.map(({ n }) => `- { n: ${n} }`).join('\n'),
  };

  it.each(Object.entries(texts))('gives the first rows of %s, or a sample in their order', (_name, text) => {
    expect(numbers(takeRows(text, { count: 3 }))).toEqual([0, 1, 2]);
    const sample = numbers(takeRows(text, { count: 1_000, seed: 5 }));
    expect(sample).toHaveLength(1_000);
    expect(sample).toEqual([...new Set(sample)].sort((one, other) => one - other));
    expect(sample.at(-1)).toBeGreaterThan(19_000);
    expect(numbers(takeRows(text, { count: 1_000, seed: 5 }))).toEqual(sample);
    expect(numbers(takeRows(text, { count: 1_000, seed: 6 }))).not.toEqual(sample);
  });

  it('draws every row about equally often', () => {
    const drawn = new Map<number, number>();
    const text = JSON.stringify(list(20));
    for (let seed = 0; seed < 400; seed++) {
      for (const n of numbers(takeRows(text, { count: 5, seed }))) drawn.set(n, (drawn.get(n) ?? 0) + 1);
    }
    // 100 times each; four standard deviations are 35.
    for (let n = 0; n < 20; n++) expect(Math.abs((drawn.get(n) ?? 0) - 100)).toBeLessThan(35);
  });

  it('gives all of fewer rows, and refuses a limit that no set could have', () => {
    expect(numbers(takeRows('[{"n":1},{"n":2}]', { count: 5 }))).toEqual([1, 2]);
    expect(numbers(takeRows('[{"n":1},{"n":2}]', { count: 5, seed: 1 }))).toEqual([1, 2]);
    for (const count of [0, -1, 1.5, 20_001, Number.NaN]) {
      expect(() => takeRows('[{"n":1}]', { count })).toThrow('1 to 20000 rows');
    }
  });

  it('leaves the rest of a configuration as it was', () => {
    const config = 'prompts: [a]\ntests:\n  - { vars: { q: 1 } }\n  - { vars: { q: 2 } }\n';
    expect(JSON.parse(takeRows(config, { count: 1 }))).toEqual({
      prompts: ['a'],
      tests: [{ vars: { q: 1 } }],
    });
  });
});
