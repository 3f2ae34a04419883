import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementAt } from '../element-at';
import { compileBinary, createMemory, DOT_MODES, instantiate, probeDotMode, supportsBuild } from './binary';
import type { DotMode, SimdBuild } from './binary';
import { checkLayout, frameOf, repackingOf, writeMatrix } from './layout';
import { planMatrix } from './frames';
import type { MatrixType } from './frames';
import { dequantise } from '../testing/dequantise.mjs';
import { TENSOR_TYPES, tensorBytes } from '../testing/gguf-writer.mjs';
import { createRandomData } from '../testing/random-blocks.mjs';
import { halfToNumber, numberToHalf } from '../quantisation/half';
import { relativeError } from '../testing/logits-fixture';
import { GGUF_TENSOR_TYPES } from '../gguf/types';

/** Become Q8_0 as they are repacked: no kernel knows them. */
const NAMING_TYPES: readonly MatrixType[] = ['IQ4_NL', 'IQ4_XS', 'MXFP4'];
const TYPES = (Object.keys(TENSOR_TYPES) as MatrixType[]).filter((type) => !NAMING_TYPES.includes(type));
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

// Node 20 knows relaxed SIMD, but only when told, and its dot product that adds in 32 bits is wrong.
const hasDot32 = supportsBuild('wasm32-relaxed');
if (!hasDot32) setFlagsFromString('--experimental-wasm-relaxed-simd');
const BUILDS = (['wasm32-plain', 'wasm32-relaxed'] satisfies SimdBuild[]).filter(supportsBuild);

const machines = await Promise.all(
  BUILDS.map(async (build) => {
    const bytes = readFileSync(new URL(`./binaries/${build}.wasm`, import.meta.url));
    const memory = createMemory(build, 24_000_000, false);
    const engine = await instantiate(await compileBinary(bytes, false), memory);
    return { build, memory, engine, hardware: probeDotMode(engine) };
  }),
);
type Machine = (typeof machines)[number];

/** How a machine is made to multiply: the kernels for a mode, its own or not, with or without sums of 16 bits. */
interface Setting extends Machine {
  readonly name: string;
  readonly mode: DotMode;
  readonly sums16: number;
}

const settings = machines.flatMap((machine): Setting[] => {
  // The plain build has neither relaxed dot products nor Q8_0 with unsigned codes.
  if (machine.build === 'wasm32-plain')
    return [{ ...machine, name: machine.build, mode: 'signed', sums16: 0 }];
  const modes = DOT_MODES.map((mode) => ({ ...machine, name: `${machine.build} ${mode}`, mode, sums16: 0 }));
  const sums = { ...machine, name: `${machine.build} in 16 bits`, mode: machine.hardware, sums16: 3 };
  return [...modes, sums];
});

interface Case {
  readonly type: MatrixType;
  readonly rows: number;
  readonly columns: number;
  readonly data: Uint8Array;
}

/** Repacks a matrix; checks that exactly its frame was written. */
function load({ engine, memory, mode, sums16 }: Setting, { type, rows, columns, data }: Case) {
  const heap = new Uint8Array(memory.buffer);
  const tensor = { name: 'w', dimensions: [columns, rows], type, part: 0, offset: 0, bytes: data.length };
  const plan = planMatrix({ tensor, columns, rows });
  heap.fill(GUARD, AT.frame - 64, AT.frame + plan.bytes + 64);
  heap.set(data, AT.raw);
  let shift = 11;
  const repack = () => engine.repack(repackingOf(plan, mode), AT.raw, rows, columns, AT.frame, shift);
  if (repack()) {
    shift = 0;
    repack();
  }
  expect(heap.subarray(AT.frame - 64, AT.frame).every((byte) => byte === GUARD)).toBe(true);
  expect(
    heap.subarray(AT.frame + plan.bytes, AT.frame + plan.bytes + 64).every((byte) => byte === GUARD),
  ).toBe(true);
  expect(engine.groupBytes(frameOf(plan, mode), columns)).toBe(plan.groupBytes);
  const kernels = { dotMode: mode, sums16: new Map([[type, sums16]]) };
  writeMatrix(new DataView(memory.buffer), AT.matrix, plan, AT.frame, kernels, shift);
  return { padded: Math.ceil(rows / 8) * 8, shift };
}

function multiply(
  { engine, memory }: Setting,
  padded: number,
  columns: number,
  x: Float32Array,
  count: number,
): Float32Array {
  new Float32Array(memory.buffer, AT.x, x.length).set(x);
  expect(x.length).toBe(count * columns);
  engine.multiply(AT.matrix, AT.x, count, AT.act, AT.scratch, AT.out);
  return new Float32Array(memory.buffer, AT.out, count * padded).slice();
}

interface RoundedBlock {
  readonly start: number;
  readonly scale: number;
  readonly codes: readonly number[];
}

/** Activations as the kernels see them: 8 bits per 32 (or 16) columns. */
function roundActivations(type: MatrixType, x: Float32Array): RoundedBlock[] {
  const size = ['Q2_K', 'Q3_K', 'Q6_K'].includes(type) ? 16 : 32;
  return Array.from({ length: x.length / size }, (_, block) => {
    const start = block * size;
    const part = x.subarray(start, start + size);
    const most = part.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const scale = Math.fround(most / 127);
    const inverse = most > 1e-30 ? Math.fround(127 / most) : 0;
    const codes = Array.from(part, (value) => {
      const quotient = Math.fround(value * inverse);
      const floor = Math.floor(quotient);
      const rest = quotient - floor;
      return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
    });
    return { start, scale, codes };
  });
}

function activationsAsSeen(type: MatrixType, x: Float32Array): Float64Array {
  const out = Float64Array.from(x);
  // Exact for float matrices.
  if (!type.startsWith('Q')) return out;
  for (const { start, scale, codes } of roundActivations(type, x)) {
    codes.forEach((code, index) => (out[start + index] = code * scale));
  }
  return out;
}

/** What a machine's relaxed dot product gives, the second operand as its bytes. */
function relaxedDot(hardware: DotMode, a: readonly number[], w: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 2) {
    const product = (index: number) => {
      const byte = elementAt(w, index) & 255;
      return elementAt(a, index) * (hardware === 'signed' && byte > 127 ? byte - 256 : byte);
    };
    const pair = product(at) + product(at + 1);
    sum += hardware === 'saturating' ? Math.max(-32_768, Math.min(32_767, pair)) : pair;
  }
  return sum;
}

/** A block of a Q8_0 row (codes -128 .. 127) by the kernels for a mode, on a machine whose own may be another. */
function blockSum(
  { mode, hardware, build }: Setting,
  a: readonly number[],
  w: readonly number[],
  isOne: boolean,
) {
  const exact = a.reduce((sum, value, index) => sum + value * elementAt(w, index), 0);
  if (build === 'wasm32-plain' || (mode === 'saturating' && !isOne)) return exact;
  if (mode === 'signed') return relaxedDot(hardware, a, w);
  const raised = w.map((code) => code + 128);
  const offset = 128 * a.reduce((sum, value) => sum + value, 0);
  if (mode === 'unsigned') return relaxedDot(hardware, a, raised) - offset;
  const halves = a.map((value) => value >> 1);
  const rest = a.map((value) => value & 1);
  return 2 * relaxedDot(hardware, halves, raised) + relaxedDot(hardware, rest, raised) - offset;
}

function expectedProduct(
  setting: Setting,
  { type, rows, columns, data }: Case,
  padded: number,
  x: Float32Array,
  count: number,
) {
  const weights = dequantise(type, data);
  const out = new Float64Array(count * padded);
  for (let token = 0; token < count; token++) {
    const own = x.subarray(token * columns, (token + 1) * columns);
    const a = activationsAsSeen(type, own);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      if (type === 'Q8_0') {
        for (const { start, scale, codes } of roundActivations(type, own)) {
          const at = (row * columns + start) / 32;
          const bytes = new Int8Array(data.buffer, data.byteOffset + at * 34 + 2, 32);
          const half = new DataView(data.buffer, data.byteOffset).getUint16(at * 34, true);
          sum += blockSum(setting, codes, Array.from(bytes), count === 1) * scale * halfToNumber(half);
        }
      } else {
        for (let k = 0; k < columns; k++) sum += elementAt(weights, row * columns + k) * elementAt(a, k);
      }
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

const needsDot32 = ({ build, mode, sums16 }: Setting, type: MatrixType) =>
  build === 'wasm32-relaxed' &&
  type.startsWith('Q') &&
  !sums16 &&
  !(type === 'Q8_0' && mode === 'saturating');

const cases = settings.flatMap((setting) =>
  TYPES.filter((type) => {
    if (needsDot32(setting, type) && !hasDot32) return false;
    // Q8_0 is multiplied by the mode, the others only with sums of 16 bits or without, floats in one way.
    if (type === 'Q8_0') return setting.sums16 === 0;
    return setting.mode === setting.hardware && (type.startsWith('Q') || setting.sums16 === 0);
  }).map((type) => ({ setting, type, name: setting.name })),
);

describe.each(cases)('$name $type', ({ setting, type }) => {
  const { engine, memory } = setting;
  test.each([
    [8, 1],
    [1, 2],
    [13, 3],
    [323, 1],
    [24, 9],
  ])('%d rows of %d blocks, GEMV and GEMM against f64', (rows, blocks) => {
    const columns = columnsOf(type, blocks);
    const one = { type, rows, columns, data: createRandomData(type, rows * columns, 1, rows) };
    const { padded } = load(setting, one);
    for (const count of [1, 2, 4, 7]) {
      const x = waves(count * columns);
      const expected = expectedProduct(setting, one, padded, x, count);
      expect(relativeError(multiply(setting, padded, columns, x, count), expected)).toBeLessThan(3e-6);
    }
  });

  test('more columns than a panel holds', () => {
    const columns = type.startsWith('Q') ? 4096 : 2500;
    const one = { type, rows: 8, columns, data: createRandomData(type, 8 * columns, 1, 5) };
    const { padded } = load(setting, one);
    const x = waves(5 * columns);
    expect(
      relativeError(multiply(setting, padded, columns, x, 5), expectedProduct(setting, one, padded, x, 5)),
    ).toBeLessThan(1e-5);
  });

  test('rows read back are the dequantised rows', () => {
    const columns = columnsOf(type, 2);
    const one = { type, rows: 11, columns, data: createRandomData(type, 11 * columns, 1, 3) };
    load(setting, one);
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
    const { padded } = load(setting, one);
    expect(
      multiply(setting, padded, columns, new Float32Array(columns), 1).every((value) => value === 0),
    ).toBe(true);
    const tiny = multiply(setting, padded, columns, new Float32Array(3 * columns).fill(1e-40), 3);
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
        const { padded } = load(setting, one);
        const x = waves(columns);
        const expected = expectedProduct(setting, one, padded, x, 1);
        // Relative to the terms, not to what is left after they cancel.
        const rounded = activationsAsSeen(type, x);
        for (let row = 0; row < 8; row++) {
          let terms = 1e-30;
          for (let k = 0; k < columns; k++)
            terms += Math.abs(elementAt(weights, row * columns + k) * elementAt(rounded, k));
          for (const count of [1, 2]) {
            const two = count === 1 ? x : Float32Array.from([...x, ...x]);
            const actual = multiply(setting, padded, columns, two, count);
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

describe.each(settings)('$name', (setting) => {
  test.each(NAMING_TYPES)('%s becomes the Q8_0 with the same values', (type) => {
    const { engine, memory, mode } = setting;
    const [rows, columns] = [13, 512];
    const data = createRandomData(type, rows * columns, 0.02, 9);
    const { shift } = load(setting, { type, rows, columns, data });
    const bytes = (rows + 3) * columns + (rows + 3) * (columns / 32) * 2;
    const frame = new Uint8Array(memory.buffer, AT.frame, bytes).slice();
    const weights = dequantise(type, data);
    for (const row of [0, 7, 12]) {
      engine.testRow(AT.matrix, row, AT.scratch, AT.out);
      const actual = new Float32Array(memory.buffer, AT.out, columns);
      const expected = weights.subarray(row * columns, (row + 1) * columns);
      // A product of two scales is rounded to a half float.
      const tolerance = type === 'IQ4_XS' ? 3e-4 : 3e-7;
      if (mode === setting.hardware || setting.build === 'wasm32-plain')
        expect(relativeError(actual, expected)).toBeLessThan(tolerance);
    }
    if (type === 'IQ4_XS') return;
    // Codes from the values: a block's scale is known, and halves hold it.
    const view = new DataView(data.buffer, data.byteOffset);
    const same = new Uint8Array((weights.length / 32) * 34);
    const blockBytes = type === 'MXFP4' ? 17 : 18;
    for (let block = 0; block < weights.length / 32; block++) {
      const at = block * blockBytes;
      const half = type === 'MXFP4' ? numberToHalf(2 ** (view.getUint8(at) - 128)) : view.getUint16(at, true);
      new DataView(same.buffer).setUint16(block * 34, half, true);
      for (let i = 0; i < 32; i++)
        same[block * 34 + 2 + i] = Math.round(elementAt(weights, block * 32 + i) / halfToNumber(half));
    }
    expect(load(setting, { type: 'Q8_0', rows, columns, data: same }).shift).toBe(shift);
    expect(new Uint8Array(memory.buffer, AT.frame, bytes).every((byte, at) => byte === frame[at])).toBe(true);
  });
});

test.each(machines)('$build has the structs that layout.ts writes', ({ engine }) => {
  expect(() => checkLayout(engine)).not.toThrow();
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
  const setting = elementAt(settings, 0);
  const data = createRandomData('Q4_0', 8 * 64, 1, 1);
  const view = new DataView(data.buffer);
  for (let at = 0; at < data.length; at += 18) view.setUint16(at, scale, true);
  const one = { type: 'Q4_0' as const, rows: 8, columns: 64, data };
  const { padded, shift } = load(setting, one);
  expect(shift).toBe(scale === 0x7bff || scale === 0x5000 ? 0 : 11);
  const x = waves(64);
  const expected = expectedProduct(setting, one, padded, x, 1);
  const actual = multiply(setting, padded, 64, x, 1);
  if (scale === 0) expect(actual.every((value) => value === 0)).toBe(true);
  else expect(relativeError(actual, expected)).toBeLessThan(1e-6);
});
