import { expect, test } from 'vitest';
import { dequantise } from '../src/inference/testing/dequantise.mjs';
import { quantise } from './quantise.mjs';

const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * 1.7) * (0.1 + (i % 37) / 37));

// Half a step of the coarsest part, and what the scale's own rounding adds; a whole step where only one end is exact.
test.each([
  ['Q8_0', 0.006],
  ['Q4_0', 0.14],
  ['Q4_1', 0.08],
  ['Q5_0', 0.07],
  ['Q5_1', 0.04],
  ['Q4_K', 0.1],
  ['Q6_K', 0.036],
])('%s gives back the values but for its rounding', (type, bound) => {
  const back = dequantise(type, quantise(type, values));
  expect(back).toHaveLength(values.length);
  const errors = values.map((value, index) => Math.abs(value - back[index]));
  expect(Math.max(...errors)).toBeLessThan(bound);
  expect(Math.max(...errors)).toBeGreaterThan(0);
});

test.each(['Q8_0', 'Q4_1', 'Q4_K', 'Q6_K'])('%s of zeros is zeros', (type) => {
  expect(dequantise(type, quantise(type, new Float32Array(256))).every((value) => value === 0)).toBe(true);
});
