import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { elementAt } from '../element-at';
import { compileBinary, createMemory, instantiate } from './binary';
import type { EngineExports } from './binary';
import { frameOf, writeMatrix } from './layout';
import { planMatrix } from './frames';
import type { MatrixType } from './frames';
import { dequantise } from '../testing/dequantise.mjs';
import { TENSOR_TYPES, tensorBytes } from '../testing/gguf-writer.mjs';
import { createRandomData } from '../testing/random-blocks.mjs';
import { relativeError } from '../testing/logits-fixture';
import { GGUF_TENSOR_TYPES } from '../gguf/types';

const TYPES = Object.keys(TENSOR_TYPES) as MatrixType[];
const AT = {
  matrix: 131_072,
  x: 140_000,
  act: 1_000_000,
  scratch: 3_000_000,
  out: 4_000_000,
  raw: 6_000_000,
  frame: 12_000_000,
};
const GUARD = 0xa5;

let engine: EngineExports;
let memory: WebAssembly.Memory;

beforeAll(async () => {
  const bytes = readFileSync(new URL('./binaries/wasm32-plain.wasm', import.meta.url));
  memory = createMemory('wasm32-plain', 24_000_000, false);
  engine = await instantiate(await compileBinary(bytes, false), memory);
});

interface Case {
  readonly type: MatrixType;
  readonly rows: number;
  readonly columns: number;
  readonly data: Uint8Array;
}

/** Repacks a matrix; checks that exactly its frame was written. */
function load({ type, rows, columns, data }: Case) {
  const heap = new Uint8Array(memory.buffer);
  const tensor = { name: 'w', dimensions: [columns, rows], type, part: 0, offset: 0, bytes: data.length };
  const plan = planMatrix({ tensor, columns, rows });
  heap.fill(GUARD, AT.frame - 64, AT.frame + plan.bytes + 64);
  heap.set(data, AT.raw);
  let shift = 11;
  const repack = () => engine.repack(frameOf(plan, 'signed'), AT.raw, rows, columns, AT.frame, shift);
  if (repack()) {
    shift = 0;
    repack();
  }
  expect(heap.subarray(AT.frame - 64, AT.frame).every((byte) => byte === GUARD)).toBe(true);
  expect(
    heap.subarray(AT.frame + plan.bytes, AT.frame + plan.bytes + 64).every((byte) => byte === GUARD),
  ).toBe(true);
  expect(engine.groupBytes(frameOf(plan, 'signed'), columns)).toBe(plan.groupBytes);
  writeMatrix(new DataView(memory.buffer), AT.matrix, plan, AT.frame, 'signed', shift);
  return { padded: Math.ceil(rows / 8) * 8, shift };
}

function multiply(padded: number, columns: number, x: Float32Array, count: number): Float32Array {
  new Float32Array(memory.buffer, AT.x, x.length).set(x);
  expect(x.length).toBe(count * columns);
  engine.testMatmul(AT.matrix, AT.x, count, AT.act, AT.scratch, AT.out);
  return new Float32Array(memory.buffer, AT.out, count * padded).slice();
}

/** Activations as the kernels see them: 8 bits per 32 (or 16) columns; exact for float matrices. */
function roundActivations(type: MatrixType, x: Float32Array): Float64Array {
  const out = Float64Array.from(x);
  if (['F32', 'F16', 'BF16'].includes(type)) return out;
  const block = ['Q2_K', 'Q3_K', 'Q6_K'].includes(type) ? 16 : 32;
  for (let start = 0; start < out.length; start += block) {
    const part = out.subarray(start, start + block);
    const most = part.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const scale = Math.fround(most / 127);
    const inverse = most > 1e-30 ? Math.fround(127 / most) : 0;
    for (let i = 0; i < block; i++) {
      const quotient = Math.fround(elementAt(part, i) * inverse);
      const floor = Math.floor(quotient);
      const rest = quotient - floor;
      const nearest = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
      part[i] = nearest * scale;
    }
  }
  return out;
}

function expectedProduct(
  { type, rows, columns, data }: Case,
  padded: number,
  x: Float32Array,
  count: number,
) {
  const weights = dequantise(type, data);
  const out = new Float64Array(count * padded);
  for (let token = 0; token < count; token++) {
    const a = roundActivations(type, x.subarray(token * columns, (token + 1) * columns));
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += elementAt(weights, row * columns + k) * elementAt(a, k);
      out[token * padded + row] = sum;
    }
  }
  return out;
}

function waves(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7) * (1 + (i % 13)));
}

function columnsOf(type: MatrixType, blocks: number): number {
  const [, values] = GGUF_TENSOR_TYPES[type];
  return values === 1 ? blocks * 20 + 3 : values * blocks;
}

describe.each(TYPES)('%s', (type) => {
  test.each([
    [8, 1],
    [1, 2],
    [13, 3],
    [323, 1],
    [24, 9],
  ])('%d rows of %d blocks, GEMV and GEMM against f64', (rows, blocks) => {
    const columns = columnsOf(type, blocks);
    const one = { type, rows, columns, data: createRandomData(type, rows * columns, 1, rows) };
    const { padded } = load(one);
    for (const count of [1, 2, 4, 7]) {
      const x = waves(count * columns);
      const expected = expectedProduct(one, padded, x, count);
      expect(relativeError(multiply(padded, columns, x, count), expected)).toBeLessThan(3e-6);
    }
  });

  test('more columns than a panel holds', () => {
    const columns = type.startsWith('Q') ? 4096 : 2500;
    const one = { type, rows: 8, columns, data: createRandomData(type, 8 * columns, 1, 5) };
    const { padded } = load(one);
    const x = waves(5 * columns);
    expect(relativeError(multiply(padded, columns, x, 5), expectedProduct(one, padded, x, 5))).toBeLessThan(
      1e-5,
    );
  });

  test('rows read back are the dequantised rows', () => {
    const columns = columnsOf(type, 2);
    const one = { type, rows: 11, columns, data: createRandomData(type, 11 * columns, 1, 3) };
    load(one);
    const weights = dequantise(type, one.data);
    for (const row of [0, 7, 10]) {
      engine.testRow(AT.matrix, row, AT.scratch, AT.out);
      const actual = new Float32Array(memory.buffer, AT.out, columns);
      expect(relativeError(actual, weights.subarray(row * columns, (row + 1) * columns))).toBeLessThan(3e-7);
    }
  });

  test('zero and denormal activations give zero or tiny finite results', () => {
    const columns = columnsOf(type, 1);
    const one = { type, rows: 8, columns, data: createRandomData(type, 8 * columns, 1, 4) };
    const { padded } = load(one);
    expect(multiply(padded, columns, new Float32Array(columns), 1).every((value) => value === 0)).toBe(true);
    const tiny = multiply(padded, columns, new Float32Array(3 * columns).fill(1e-40), 3);
    expect(tiny.every((value) => Math.abs(value) < 1e-30)).toBe(true);
  });

  // Random floats are mostly infinite or NaN: floats have no codes to get wrong.
  if (!type.startsWith('Q')) return;
  test('any block gives what the scalar reference gives', () => {
    const [, columns] = GGUF_TENSOR_TYPES[type];
    const bytes = tensorBytes(type, [columns, 8]);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (data) => {
        const weights = dequantise(type, data);
        // Infinities and NaN are read as large finite numbers; the reference does not.
        fc.pre(weights.every((value) => Number.isFinite(value) && Math.abs(value) < 1e20));
        const one = { type, rows: 8, columns, data };
        const { padded } = load(one);
        const x = waves(columns);
        const expected = expectedProduct(one, padded, x, 1);
        // Relative to the terms, not to what is left after they cancel.
        const rounded = roundActivations(type, x);
        for (let row = 0; row < 8; row++) {
          let terms = 1e-30;
          for (let k = 0; k < columns; k++)
            terms += Math.abs(elementAt(weights, row * columns + k) * elementAt(rounded, k));
          for (const count of [1, 2]) {
            const two = count === 1 ? x : Float32Array.from([...x, ...x]);
            const actual = multiply(padded, columns, two, count);
            expect(Math.abs(elementAt(actual, row) - elementAt(expected, row))).toBeLessThan(
              terms * 3e-5 + 1e-30,
            );
          }
        }
      }),
      { numRuns: 60, seed: 6 },
    );
  });
});

test.each([
  [0x0001, 'the smallest denormal'],
  [0x03ff, 'the largest denormal'],
  [0x0400, 'the smallest normal'],
  [0x4fff, 'the largest that the shift keeps'],
  [0x5000, 'the smallest that it would overflow'],
  [0x7bff, 'the largest'],
  [0x8001, 'a negative denormal'],
  [0x0000, 'zero'],
])('an f16 scale of %i: %s', (scale) => {
  const data = createRandomData('Q4_0', 8 * 64, 1, 1);
  const view = new DataView(data.buffer);
  for (let at = 0; at < data.length; at += 18) view.setUint16(at, scale, true);
  const one = { type: 'Q4_0' as const, rows: 8, columns: 64, data };
  const { padded, shift } = load(one);
  expect(shift).toBe(scale === 0x7bff || scale === 0x5000 ? 0 : 11);
  const x = waves(64);
  const expected = expectedProduct(one, padded, x, 1);
  const actual = multiply(padded, 64, x, 1);
  if (scale === 0) expect(actual.every((value) => value === 0)).toBe(true);
  else expect(relativeError(actual, expected)).toBeLessThan(1e-6);
});
