import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createStopMatcher } from './stop-matcher';

function run(stops: readonly string[], pieces: readonly string[]) {
  const matcher = createStopMatcher(stops);
  const texts: string[] = [];
  let stop: string | undefined;
  for (const piece of pieces) {
    const match = matcher.push(piece);
    texts.push(match.text);
    stop ??= match.stop;
  }
  return { texts, text: texts.join('') + matcher.flush(), stop };
}

test('holds back what may begin a stop string, and gives it when it does not', () => {
  expect(run(['###'], ['a#', '#', 'b', '##', '#', 'lost'])).toEqual({
    texts: ['a', '', '##b', '', '', ''],
    text: 'a##b',
    stop: '###',
  });
  expect(run(['</s>'], ['hi </'])).toEqual({ texts: ['hi '], text: 'hi </', stop: undefined });
});

test('the stop string that is complete first wins', () => {
  expect(run(['abc', 'b'], ['xab', 'c'])).toMatchObject({ text: 'xa', stop: 'b' });
  expect(run(['abc', 'bc'], ['xab', 'cd'])).toMatchObject({ text: 'x', stop: 'abc' });
});

test('ignores empty stop strings', () => {
  expect(run(['', ''], ['abc'])).toEqual({ texts: ['abc'], text: 'abc', stop: undefined });
});

test('the outcome does not depend on the pieces', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c') });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(stops, fc.array(letters), (wanted, pieces) => {
      const text = pieces.join('');
      const matched = run(wanted, pieces);
      expect(matched).toMatchObject({
        text: run(wanted, Array.from(text)).text,
        stop: run(wanted, [text]).stop,
      });
      // Held to the definition: the shortest beginning that holds a stop string ends before that string.
      let end = 0;
      while (end <= text.length && !wanted.some((stop) => text.slice(0, end).includes(stop))) end++;
      const starts = wanted.map((stop) => text.slice(0, end).indexOf(stop)).filter((start) => start >= 0);
      expect(matched.text).toBe(end > text.length ? text : text.slice(0, Math.min(...starts)));
    }),
    { seed: 4, numRuns: 1000 },
  );
});
