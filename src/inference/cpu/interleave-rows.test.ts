import { expect, test } from 'vitest';
import { interleavedOrder, interleaveRows } from './interleave-rows';

test('pairs of halves become neighbours, and what is not rotated stays', () => {
  expect(interleavedOrder({ headDim: 8, ropeDim: 8 })).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  expect(interleavedOrder({ headDim: 8, ropeDim: 4 })).toEqual([0, 2, 1, 3, 4, 5, 6, 7]);
});

test('rows move as a whole, in each head by itself', () => {
  const source = Uint8Array.from({ length: 16 }, (_, index) => index);
  const target = new Uint8Array(16);
  interleaveRows(source, 2, { headDim: 4, ropeDim: 4 }, target);
  expect([...target]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
});
