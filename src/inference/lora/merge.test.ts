import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dequantise } from '../quantisation/dequantise';
import { elementAt } from '../element-at';
import { parseGguf } from '../gguf/parse';
import { bytesSource, mergeLora, openModel } from '../index';
import type { LoraMergeReport } from '../index';
import { canQuantise } from '../quantisation/quantise';
import { computeReferenceLogits } from '../testing/reference-forward.mjs';
import { readReferenceShape } from '../testing/reference-shape';
import { dequantise as dequantiseReference } from '../testing/dequantise.mjs';
import { encodeGguf } from '../testing/gguf-writer.mjs';
import type { GgufEntry } from '../testing/gguf-writer.mjs';
import { relativeError } from '../testing/logits-fixture';
import { createLoraTensors, createRandomLora, isTable, loraEntries } from '../testing/random-lora.mjs';
import { createRandomModel, RANDOM_PROMPT, VOCABULARY } from '../testing/random-model.mjs';
import { InferenceError } from '../errors';
import type { GgufTensor } from '../gguf/types';

const ALPHA = 8;
const RANK = 6;
const SCALE = 0.75;
const FACTOR = (SCALE * ALPHA) / RANK;
/** Every kind of matrix; not every one of them. */
const TARGETS = [
  'token_embd.weight',
  'output.weight',
  'blk.0.attn_q.weight',
  'blk.0.attn_v.weight',
  'blk.1.attn_k.weight',
  'blk.1.attn_output.weight',
  'blk.1.ffn_gate.weight',
  'blk.0.ffn_up.weight',
  'blk.1.ffn_down.weight',
];

const named = (tensors: readonly GgufTensor[], names: readonly string[]) =>
  tensors.filter(({ name }) => names.includes(name));

async function merge(
  base: readonly Uint8Array[],
  adapter: Uint8Array,
  scale = SCALE,
): Promise<LoraMergeReport & { readonly file: Uint8Array }> {
  const pieces: Uint8Array[] = [];
  const report = await mergeLora(base.map(bytesSource), bytesSource(adapter), scale, (bytes) => {
    pieces.push(bytes.slice());
    return Promise.resolve();
  });
  return { ...report, file: new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()) };
}

const dataOf = (bytes: Uint8Array, { offset, bytes: length }: GgufTensor) =>
  bytes.slice(offset, offset + length);

/** What `toEqual` would find too, but byte by byte and a hundred times slower. */
const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(b);

interface FloatTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly type: 'F32';
  readonly data: Uint8Array;
}

/** W + scale * (alpha / rank) * B * A by its definition, in doubles: every tensor of the model as 32-bit floats. */
async function applyDefinition(
  base: Uint8Array,
  adapter: Uint8Array,
  factor: number,
): Promise<readonly FloatTensor[]> {
  const floatsOf = async (bytes: Uint8Array) => {
    const { tensors } = await parseGguf([bytesSource(bytes)]);
    return new Map(
      tensors.map((tensor) => [
        tensor.name,
        { ...tensor, values: dequantiseReference(tensor.type, dataOf(bytes, tensor)) },
      ]),
    );
  };
  const lora = await floatsOf(adapter);
  return [...(await floatsOf(base)).values()].map(({ name, dimensions, values }) => {
    const a = lora.get(`${name}.lora_a`);
    const b = lora.get(`${name}.lora_b`);
    const merged = Float32Array.from(values, (value, index) => {
      if (a === undefined || b === undefined) return value;
      const [columns = 1] = dimensions;
      const [rank = 0] = b.dimensions;
      const [row, column] = [Math.floor(index / columns), index % columns];
      let sum = 0;
      for (let r = 0; r < rank; r++) {
        const [left, right] = isTable(name)
          ? [a.values[row * rank + r], b.values[column * rank + r]]
          : [b.values[row * rank + r], a.values[r * columns + column]];
        sum += (left ?? NaN) * (right ?? NaN);
      }
      return value + factor * sum;
    });
    return { name, dimensions, type: 'F32', data: new Uint8Array(merged.buffer) };
  });
}

async function logitsOf(tensors: readonly FloatTensor[], base: Uint8Array) {
  const { metadata } = await parseGguf([bytesSource(base)]);
  return computeReferenceLogits(tensors, readReferenceShape(metadata), RANDOM_PROMPT);
}

async function engineLogits(bytes: Uint8Array): Promise<Float32Array> {
  const model = await openModel([bytesSource(bytes)], {
    loadBinary: (build) =>
      Promise.resolve(
        new Uint8Array(readFileSync(new URL(`../cpu/binaries/${build}.wasm`, import.meta.url))),
      ),
    build: 'wasm32-plain',
    kvType: 'f32',
  });
  const logits = await model.logits(RANDOM_PROMPT);
  model.close();
  return logits;
}

function worstError(actual: Float32Array, expected: readonly ArrayLike<number>[]): number {
  return Math.max(
    ...expected.map((row, position) =>
      relativeError(actual.subarray(position * VOCABULARY, (position + 1) * VOCABULARY), row),
    ),
  );
}

async function prepare(type: string, options: { rank?: number; alpha?: number; tied?: boolean } = {}) {
  const base = createRandomModel({ type, seed: 60, ...(options.tied ? { tied: true } : {}) });
  const { tensors } = await parseGguf([bytesSource(base)]);
  const adapter = createRandomLora(named(tensors, TARGETS), {
    rank: RANK,
    alpha: ALPHA,
    spread: 0.2,
    ...options,
  });
  return { base, adapter };
}

/** How far logits may be from the definition's: floats are stored as they are, the others are rounded once more. */
const BOUNDS: Readonly<Record<string, number>> = {
  F32: 1e-5,
  F16: 2e-3,
  BF16: 2e-2,
  Q8_0: 0.06,
  Q5_1: 0.3,
  Q5_0: 0.3,
  Q4_1: 0.6,
  Q4_0: 0.6,
  Q6_K: 0.12,
  Q5_K: 0.12,
  Q4_K: 0.12,
  Q3_K: 0.12,
  Q2_K: 0.12,
};

/** How far a weight may be, as a share of its block's greatest magnitude, or of its range where there is a minimum. */
const STEPS: Readonly<Record<string, number>> = {
  F32: 2 ** -22,
  F16: 2 ** -11,
  BF16: 2 ** -8,
  // Half a step, and the rounding of scale and minimum to half floats.
  Q8_0: 0.5 / 127 + 2 ** -10,
  Q5_1: 0.5 / 31 + 2 ** -10,
  Q4_1: 0.5 / 15 + 2 ** -10,
  // A whole one: the code at the end opposite to the greatest value is missing.
  Q5_0: 1 / 16 + 2 ** -10,
  Q4_0: 1 / 8 + 2 ** -10,
};

function worstStep(type: string, actual: Float32Array, wanted: Float32Array): number {
  let worst = 0;
  for (let from = 0; from < wanted.length; from += 32) {
    const block = wanted.subarray(from, from + 32);
    const most = Math.max(...block);
    const least = Math.min(...block);
    const extent = type.endsWith('_1') ? most - least : Math.max(most, -least);
    block.forEach((value, index) => {
      const error = Math.abs((actual[from + index] ?? NaN) - value) / extent;
      if (!(error <= worst)) worst = error;
    });
  }
  return worst;
}

describe('a merged model', () => {
  test.each(Object.entries(BOUNDS))('%s computes W + s * B * A', async (type, bound) => {
    const { base, adapter } = await prepare(type);
    const { file, ...report } = await merge([base], adapter);
    const expected = await logitsOf(await applyDefinition(base, adapter, FACTOR), base);
    expect(worstError(await engineLogits(file), expected)).toBeLessThan(bound);
    // The adapter must matter more than the tolerance, or this would show nothing.
    expect(worstError(await engineLogits(base), expected)).toBeGreaterThan(2 * bound);
    expect(report).toMatchObject({ bytes: file.length, mergedTensors: TARGETS.length, ignored: [] });
    expect(report.requantised.map(({ name, from, to }) => [name, from, to]).sort()).toEqual(
      canQuantise(type) ? [] : TARGETS.map((name) => [name, type, 'Q8_0']).sort(),
    );
  });

  test.each([...Object.keys(STEPS), 'Q6_K'])(
    '%s has the weights of the definition, rounded once, and leaves the rest alone',
    async (type) => {
      const { base, adapter } = await prepare(type);
      const { file } = await merge([base], adapter);
      const expected = await applyDefinition(base, adapter, FACTOR);
      const before = await parseGguf([bytesSource(base)]);
      const after = await parseGguf([bytesSource(file)]);
      expect(after.metadata).toEqual(before.metadata);
      expect(after.tensors.map(({ name }) => name)).toEqual(before.tensors.map(({ name }) => name));
      after.tensors.forEach((tensor, index) => {
        const merged = dataOf(file, tensor);
        if (TARGETS.includes(tensor.name)) {
          const wanted = new Float32Array(elementAt(expected, index).data.buffer);
          const worst = worstStep(tensor.type, dequantise(tensor.type, merged), wanted);
          expect(worst).toBeLessThanOrEqual(STEPS[tensor.type] ?? NaN);
        } else {
          expect(isSame(merged, dataOf(base, elementAt(before.tensors, index))), tensor.name).toBe(true);
        }
      });
    },
  );

  test('takes the scale as it is where alpha is missing or 0', async () => {
    const { base, adapter } = await prepare('F32', { alpha: 0 });
    const { file } = await merge([base], adapter, -0.5);
    const expected = await logitsOf(await applyDefinition(base, adapter, -0.5), base);
    expect(worstError(await engineLogits(file), expected)).toBeLessThan(1e-4);
  });

  test('changes both ends of a tied embedding', async () => {
    const { base, adapter } = await prepare('F32', { tied: true });
    const { file, mergedTensors } = await merge([base], adapter);
    expect(mergedTensors).toBe(TARGETS.length - 1);
    const expected = await logitsOf(await applyDefinition(base, adapter, FACTOR), base);
    expect(worstError(await engineLogits(file), expected)).toBeLessThan(1e-4);
  });

  test.each(['F16', 'BF16'])('reads an adapter of %s', async (type) => {
    const base = createRandomModel({ type: 'F32', seed: 61 });
    const { tensors } = await parseGguf([bytesSource(base)]);
    const adapter = createRandomLora(named(tensors, TARGETS), { rank: 1, alpha: 2, type });
    const { file } = await merge([base], adapter, 1);
    const expected = await logitsOf(await applyDefinition(base, adapter, 2), base);
    expect(worstError(await engineLogits(file), expected)).toBeLessThan(1e-4);
  });

  test('is one file, whatever the parts of the base', async () => {
    const whole = createRandomModel({ type: 'F32', seed: 60 });
    const { tensors } = await parseGguf([bytesSource(whole)]);
    const split = (no: number): GgufEntry[] => [
      { key: 'split.no', type: 'u16', value: no },
      { key: 'split.count', type: 'u16', value: 2 },
      { key: 'split.tensors.count', type: 'i32', value: tensors.length },
    ];
    const parts = [tensors.slice(0, 9), tensors.slice(9)].map((some, no) =>
      encodeGguf({
        entries: [
          ...split(no),
          { key: 'general.architecture', type: 'str', value: 'llama' },
          { key: 'kept', type: 'u32', value: 7 },
        ],
        tensors: some.map((tensor) => ({ ...tensor, data: dataOf(whole, tensor) })),
      }),
    );
    const adapter = createRandomLora(named(tensors, TARGETS), { rank: RANK });
    const [first, second] = parts as [Uint8Array, Uint8Array];
    const fromParts = await merge([second, first], adapter);
    const fromWhole = await merge([whole], adapter);
    const a = await parseGguf([bytesSource(fromParts.file)]);
    const b = await parseGguf([bytesSource(fromWhole.file)]);
    expect([...a.metadata.keys()]).toEqual(['general.architecture', 'kept']);
    for (const tensor of b.tensors) {
      const same = a.tensors.find(({ name }) => name === tensor.name);
      if (same === undefined) throw new Error(tensor.name);
      expect(isSame(dataOf(fromParts.file, same), dataOf(fromWhole.file, tensor)), tensor.name).toBe(true);
    }
  });

  test('comes in small pieces, with its progress, and stops when told', async () => {
    const { base, adapter } = await prepare('Q4_0');
    const sizes: number[] = [];
    const progress: number[] = [];
    const report = await mergeLora(
      [bytesSource(base)],
      bytesSource(adapter),
      1,
      (bytes) => {
        sizes.push(bytes.length);
        return Promise.resolve();
      },
      undefined,
      (done, total) => progress.push(done / total),
    );
    expect(sizes.length).toBeGreaterThan(20);
    expect(sizes.reduce((a, b) => a + b)).toBe(report.bytes);
    expect(progress.at(-1)).toBe(1);
    const controller = new AbortController();
    let pieces = 0;
    const stopped = mergeLora(
      [bytesSource(base)],
      bytesSource(adapter),
      1,
      () => {
        if (++pieces === 5) controller.abort(new Error('enough'));
        return Promise.resolve();
      },
      controller.signal,
    );
    await expect(stopped).rejects.toThrow('enough');
    expect(pieces).toBe(5);
  });
});

describe('an adapter that does not fit', async () => {
  const { base } = await prepare('F32');
  const { tensors } = await parseGguf([bytesSource(base)]);
  const targets = named(tensors, ['blk.0.attn_q.weight', 'blk.0.attn_v.weight']);
  const good = createLoraTensors(targets);
  const [qa, qb, va, vb] = good as [
    (typeof good)[number],
    (typeof good)[number],
    (typeof good)[number],
    (typeof good)[number],
  ];
  const entries = loraEntries();
  const without = (key: string) => entries.filter((entry) => entry.key !== key);
  const encode = (some: readonly (typeof good)[number][], metadata: readonly GgufEntry[] = entries) =>
    encodeGguf({ entries: metadata, tensors: some });
  const withValue = (tensor: (typeof good)[number], value: number) => {
    const data = tensor.data.slice();
    new DataView(data.buffer).setFloat32(16, value, true);
    return { ...tensor, data };
  };
  const renamed = (from: string, to: string) =>
    good.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));
  const other = createRandomModel({ type: 'F32', embedding: 48, seed: 9 });
  const cases: readonly [string, Uint8Array, string][] = [
    ['a missing B', encode([qa, va, vb]), 'bad-file: the adapter: blk.0.attn_q.weight lacks its B'],
    ['a missing A', encode([qa, qb, vb]), 'bad-file: the adapter: blk.0.attn_v.weight lacks its A'],
    [
      'another rank in A than in B',
      encode([...createLoraTensors(targets, { rank: 5 }).slice(0, 1), qb]),
      'bad-file: the adapter: blk.0.attn_q.weight: A has the rank 5 and B the rank 4',
    ],
    [
      'an unknown target',
      encode(renamed('blk.0', 'blk.77')),
      'bad-input: the adapter: the model has no tensor blk.77',
    ],
    [
      'another shape',
      encode(createLoraTensors([{ name: 'blk.0.attn_q.weight', dimensions: [64, 96] }])),
      'bad-input: the adapter: blk.0.attn_q.weight is 96x96, its A is 64x4 and B 4x96: made for another model',
    ],
    [
      'another architecture',
      encode(good, loraEntries({ architecture: 'gemma' })),
      "for the architecture 'gemma'",
    ],
    ['a model instead', other, "bad-input: the adapter: not an adapter: its general.type is 'missing'"],
    ['no architecture', encode(good, without('general.architecture')), "'general.architecture' is missing"],
    ['no adapter type', encode(good, without('adapter.type')), "'adapter.type' is missing"],
    [
      'a control vector',
      encode(good, [...without('adapter.type'), { key: 'adapter.type', type: 'str', value: 'cvec' }]),
      "unsupported: the adapter: an adapter of type 'cvec'",
    ],
    [
      'an activated LoRA',
      encode(good, [...entries, { key: 'adapter.alora.invocation_tokens', array: 'u32', value: [1] }]),
      'unsupported: the adapter: an activated LoRA',
    ],
    ['an alpha of NaN', encode(good, loraEntries({ alpha: NaN })), 'bad-file: the adapter: its alpha is NaN'],
    ['a tensor of another kind', encode(renamed('.lora_a', '.dora_m')), 'neither A nor B of a LoRA'],
    ['nothing', encode([]), 'bad-file: the adapter: it has no LoRA tensors'],
    ['values of NaN', encode([withValue(qa, NaN), qb]), 'values that are no numbers'],
    ['infinite values', encode([qa, withValue(qb, Infinity)]), 'values that are no numbers'],
    [
      'a vast rank',
      encode(createLoraTensors([{ name: 'blk.0.attn_q.weight', dimensions: [96, 96] }], { rank: 2000 })),
      'unsupported: the adapter: blk.0.attn_q.weight: a rank of 2000',
    ],
    ['a cut file', encode(good).slice(0, -100), 'bad-file: the adapter: tensor'],
    [
      'another format',
      new TextEncoder().encode('PK\u0003\u0004 a zip of it'),
      'bad-file: the adapter: not a GGUF',
    ],
  ];
  const codeOf = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (error) {
      if (error instanceof InferenceError) return `${error.code}: ${error.message}`;
      throw error;
    }
    return 'no error';
  };

  test.each(cases)('is refused for %s', async (_name, adapter, message) => {
    expect(await codeOf(merge([base], adapter))).toContain(message);
  });

  test.each([NaN, Infinity, 0, 1e9])('is refused with a scale of %d', async (scale) => {
    expect(await codeOf(merge([base], encode(good), scale))).toBe(`bad-input: an adapter scale of ${scale}`);
  });

  test('is refused when the sum does not fit the type', async () => {
    const half = createRandomModel({ type: 'F16', seed: 60 });
    const great = createRandomLora(targets, { spread: 500, alpha: 4 });
    expect(await codeOf(merge([half], great, 1))).toMatch(
      /^bad-input: blk\.0\.attn_q.* which F16 cannot hold$/,
    );
  });

  test('is refused for an adapter as the base, and for a base type that is not read', async () => {
    expect(await codeOf(merge([encode(good)], encode(good)))).toBe(
      'bad-input: the model is an adapter itself',
    );
    const strange = encodeGguf({
      entries: [{ key: 'general.architecture', type: 'str', value: 'llama' }],
      tensors: [{ name: 'w', dimensions: [256, 4], type: 'Q4_K', data: new Uint8Array(144 * 4) }],
    });
    // IQ2_XXS (16) has fewer bytes a block. The type follows the header, the one entry, the name and two dimensions.
    new DataView(strange.buffer).setUint32(24 + 45 + 9 + 4 + 16, 16, true);
    const adapter = encode(createLoraTensors([{ name: 'w', dimensions: [256, 4] }]));
    expect(await codeOf(merge([strange], adapter))).toBe(
      'unsupported: the adapter: merging into or from the type IQ2_XXS of w',
    );
  });

  test('leaves out whole norm vectors, and says so', async () => {
    const norm = { name: 'blk.0.attn_norm.weight', dimensions: [96], type: 'F32', data: new Uint8Array(384) };
    const { ignored, mergedTensors } = await merge([base], encode([...good, norm]));
    expect([ignored, mergedTensors]).toEqual([['blk.0.attn_norm.weight'], 2]);
  });
});
