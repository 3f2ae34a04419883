import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIXED_RUNS } from '../testing/hostile';
import { BrokenJson, parseJsonText } from './json-text';

function breakOf(text: string) {
  try {
    parseJsonText(text, 'JSON');
  } catch (error) {
    if (error instanceof BrokenJson) return error.at;
    throw error;
  }
  return undefined;
}

describe('parseJsonText', () => {
  it.each([
    ['{"a":1,}', 1, 8, '}'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"b": 2'],
    ['[1, 2', 1, 6, ''],
    ['["a\nb"]', 1, 4, ''],
    ['["\\x"]', 1, 3, '\\x"]'],
    ["{'a': 1}", 1, 2, "'a': 1}"],
    ['{"a": undefined}', 1, 7, 'undefined}'],
    ['[01]', 1, 3, '1]'],
    ['[1] [2]', 1, 5, '[2]'],
    ['{"a" 1}', 1, 6, '1}'],
    ['', 1, 1, ''],
    ['{"question": "what is 2+2?", "answer": "4"},\n', 1, 44, ','],
  ])('tells where %j breaks', (text, line, column, found) => {
    expect(breakOf(text)).toEqual({ line, column, found });
  });

  it('says so in words too', () => {
    expect(() => parseJsonText('[1,]', 'file')).toThrow('line 1, column 4: “]” is not expected there');
  });

  it('reads what JSON.parse reads, and finds a break in all else', () => {
    const texts = fc.oneof(
      fc.json(),
      fc
        .tuple(fc.json(), fc.nat(), fc.constantFrom(',', '}', ']', '"', '\\', ':', 'x', '\n', '1', ''))
        .map(
          ([json, at, cut]) =>
            json.slice(0, at % (json.length + 1)) + cut + json.slice((at % (json.length + 1)) + 1),
        ),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let parsed: { readonly value: unknown } | undefined;
        try {
          parsed = { value: JSON.parse(text) as unknown };
        } catch {
          parsed = undefined;
        }
        if (parsed === undefined) expect(breakOf(text)).toBeDefined();
        else expect(parseJsonText(text, 'JSON')).toEqual(parsed.value);
      }),
      FIXED_RUNS,
    );
  });

  it('is not led into recursion, nor past the end', () => {
    expect(breakOf('['.repeat(500_000))).toMatchObject({ column: 500_001, found: '' });
    expect(breakOf(`["${'a'.repeat(2_000_000)}`)).toMatchObject({ column: 2_000_003 });
  });
});
