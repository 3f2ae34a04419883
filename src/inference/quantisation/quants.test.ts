import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dequantise } from './dequantise';
import { halfToNumber, numberToBfloat16, numberToHalf } from './half';
import { quantise, type QuantisedType } from './quantise';
import { dequantise as dequantiseReference } from '../testing/dequantise.mjs';
import { encodeBfloat16, encodeFloat16 } from '../testing/float16.mjs';
import { TENSOR_TYPES } from '../testing/gguf-writer.mjs';
import { createRandomData } from '../testing/random-blocks.mjs';
import type { GgufTensorType } from '../gguf/types';

const TYPES = Object.keys(TENSOR_TYPES) as GgufTensorType[];

describe('half floats', () => {
  test('every one survives the way there and back', () => {
    for (let half = 0; half < 65_536; half++) {
      const value = halfToNumber(half);
      if (Number.isNaN(value)) expect(halfToNumber(numberToHalf(value))).toBeNaN();
      else expect(numberToHalf(value)).toBe(half);
    }
  });

  test('numbers between two go to the nearer, from the middle to the even one', () => {
    expect(numberToHalf(1 + 1 / 2048)).toBe(0x3c00);
    expect(numberToHalf(1 + 3 / 2048)).toBe(0x3c02);
    expect(numberToHalf(1 + 1.001 / 2048)).toBe(0x3c01);
    expect(numberToHalf(65_519)).toBe(0x7bff);
    expect(numberToHalf(65_520)).toBe(0x7c00);
    expect(numberToHalf(-(2 ** -25))).toBe(0x8000);
    expect(numberToHalf(1.5 * 2 ** -24)).toBe(2);
  });

  test('agree with the reference for any float', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        if (Math.abs(value) < 65_520) expect(numberToHalf(value)).toBe(encodeFloat16(value));
        if (Number.isFinite(value)) expect(numberToBfloat16(value)).toBe(encodeBfloat16(value));
      }),
    );
  });
});

describe('dequantise', () => {
  test.each(TYPES)('%s is what the reference says, to the last bit', (type) => {
    const bytes = createRandomData(type, 256 * 16, 1, 7);
    expect(dequantise(type, bytes)).toEqual(dequantiseReference(type, bytes));
  });

  test('refuses a type that it does not know', () => {
    expect(() => dequantise('IQ3_S', new Uint8Array(110))).toThrow('cannot dequantise IQ3_S');
  });
});

/** Greatest error in units of the range of a block: half a step; a whole one where the top code is clamped. */
const STEPS: Record<QuantisedType, number> = {
  F32: 0,
  F16: 2 ** -11,
  BF16: 2 ** -8,
  Q8_0: 0.501 / 127,
  Q4_0: 1.001 / 8,
  Q5_0: 1.001 / 16,
  Q4_1: 0.502 / 15,
  Q5_1: 0.502 / 31,
};

describe('quantise', () => {
  const values = dequantise('F32', createRandomData('F32', 64 * 32, 0.05, 3));
  test.each(Object.entries(STEPS) as [QuantisedType, number][])('%s keeps values to %d', (type, step) => {
    const back = dequantise(type, quantise(type, values));
    for (let block = 0; block < values.length; block += 32) {
      const part = values.subarray(block, block + 32);
      const least = Math.min(...part);
      const most = Math.max(...part);
      const range = type.endsWith('_1') ? most - least : Math.max(-least, most);
      part.forEach((value, index) => {
        // The scale is a half float itself.
        const allowed = range * (step + (step > 0 ? 1e-3 : 0));
        expect(Math.abs((back[block + index] ?? NaN) - value)).toBeLessThanOrEqual(allowed);
      });
    }
  });

  test.each(['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0'] as const)('%s writes a hand-made block', (type) => {
    // Levels that the type holds exactly: what comes back is what went in.
    const base = { Q4_0: -8, Q4_1: 0, Q5_0: -16, Q5_1: 0, Q8_0: -127 }[type];
    const step = type === 'Q8_0' ? 8 : 1;
    const count = type.startsWith('Q4') ? 16 : 32;
    const exact = Float32Array.from({ length: 32 }, (_, index) => base + (index % count) * step);
    if (type === 'Q8_0') exact[31] = 127;
    expect(dequantise(type, quantise(type, exact))).toEqual(exact);
  });

  test('a block of zeros stays zero', () => {
    for (const type of Object.keys(STEPS) as QuantisedType[]) {
      expect(dequantise(type, quantise(type, new Float32Array(64)))).toEqual(new Float32Array(64));
    }
  });
});
