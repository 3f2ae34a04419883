import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { findMatch } from '../graders/parts/find-match';
import { translatePattern } from './python-pattern';
import { stripSpace } from './python-text';

const found = v.tuple([v.array(v.array(v.string())), v.string()]);
/** What Python's `findall` and `sub` make of patterns and texts: scripts/python-expected.py. */
const { texts, patterns, refused } = v.parse(
  v.object({
    texts: v.array(v.string()),
    patterns: v.array(v.object({ pattern: v.string(), found: v.array(found) })),
    refused: v.array(v.string()),
  }),
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/python-patterns.json`, 'utf8')),
);

describe("a pattern of Python's", () => {
  it.each(patterns.map(({ pattern, found: wanted }) => [pattern, wanted] as const))(
    'finds what it finds there: %s',
    (pattern, wanted) => {
      const { source, flags } = translatePattern(pattern);
      const read = texts.map((text) => {
        const matches: (readonly string[])[] = [];
        for (let at = 0; ; at++) {
          const match = findMatch(source, flags, text, at);
          if (match === null) break;
          matches.push(match);
        }
        return [matches, text.replace(new RegExp(source, `g${flags}`), '')];
      });
      expect(read).toEqual(wanted);
    },
  );

  it.each(refused)('is refused where JavaScript has nothing for it, or it is none: %s', (pattern) => {
    expect(() => translatePattern(pattern)).toThrow(FaultError);
  });

  it('gives the match that is asked for, from the end too', () => {
    expect(findMatch('\\d', 'v', 'a1b2c3', -1)).toEqual(['3']);
    expect(findMatch('\\d', 'v', 'a1b2c3', -3)).toEqual(['1']);
    expect(findMatch('\\d', 'v', 'a1b2c3', 5)).toBeNull();
    expect(findMatch('(a)|(b)', 'v', 'b', 0)).toEqual(['', 'b']);
  });
});

it('strips what Python takes for white space, and not a byte order mark', () => {
  expect(stripSpace('\x1c\u00a0 a b \u3000\x85')).toBe('a b');
  expect([stripSpace(' a ', 'left'), stripSpace(' a ', 'right'), stripSpace('\ufeffa')]).toEqual([
    'a ',
    ' a',
    '\ufeffa',
  ]);
});
