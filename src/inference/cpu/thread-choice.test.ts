import { expect, test } from 'vitest';
import { ThreadChoice, threadCandidates } from './thread-choice';

test.each([
  [1, [1]],
  [2, [1, 2]],
  [6, [1, 2, 4, 6]],
  [8, [1, 2, 4, 8]],
])('candidates up to %d', (most, expected) => {
  expect(threadCandidates(most)).toEqual(expected);
});

test('measures from the most threads down, until fewer are clearly slower', async () => {
  const choice = new ThreadChoice([1, 2, 4, 8]);
  const tried: number[] = [];
  await choice.measure((count) => {
    tried.push(count);
    return Promise.resolve(count === 8 ? 5 : 16 / count);
  });
  expect(tried).toEqual([8, 4, 2]);
  expect(choice.best).toBe(4);
});

test('follows a machine that gets busy and idle again', () => {
  const choice = new ThreadChoice([1, 2]);
  const run = (timeOf: (count: number) => number, steps: number) => {
    for (let step = 0; step < steps; step++) {
      const count = choice.next();
      choice.record(count, timeOf(count));
    }
  };
  run((count) => 10 / count, 100);
  expect(choice.best).toBe(2);
  run((count) => (count === 2 ? 40 : 12), 100);
  expect(choice.best).toBe(1);
  run((count) => 10 / count, 300);
  expect(choice.best).toBe(2);
});
