import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { elementAt } from '../element-at';
import type { SimdBuild } from './binary';
import { bytesSource, openModel } from '../index';
import type { OpenOptions } from '../index';
import { parseGguf } from '../gguf/parse';
import { readLogitsFixture, relativeError } from '../testing/logits-fixture';
import { readReferenceShape } from '../testing/reference-shape';
import { computeReferenceLogits } from '../testing/reference-forward.mjs';
import {
  createNamedModel,
  createRandomModel,
  KEPT_POSITIONS,
  RANDOM_PROMPT,
  VOCABULARY,
} from '../testing/random-model.mjs';
import { RANDOM_MODELS } from '../testing/random-models.mjs';

const fixture = readLogitsFixture();

const loadBinary = (build: SimdBuild) =>
  Promise.resolve(new Uint8Array(readFileSync(new URL(`./binaries/${build}.wasm`, import.meta.url))));
const open = (bytes: Uint8Array, options: OpenOptions = {}) =>
  openModel([bytesSource(bytes)], { loadBinary, build: 'wasm32-plain', ...options });

// Both round activations to 8 bits, in different places: llama.cpp per 256 columns for K-quants, and half-float
// matrices' to half floats. Only F32 is comparable to the last digits, and not GELU: llama.cpp looks it up in a table of
// half floats.
const TOLERANCES: Record<string, number> = { F32: 2e-5, F16: 3e-3, BF16: 2e-2 };
const GELU_TOLERANCE = 5e-4;
const GELU_ARCHITECTURES = ['gemma2', 'gemma3', 'gpt2', 'gptneox', 'phi2', 'falcon', 'starcoder2'];

/** The forward pass in f64 on the dequantised weights, from testing/reference-forward.mjs. */
async function referenceLogits(bytes: Uint8Array): Promise<readonly ArrayLike<number>[]> {
  const { metadata, tensors } = await parseGguf([bytesSource(bytes)]);
  return computeReferenceLogits(
    tensors.map((tensor) => ({ ...tensor, data: bytes.slice(tensor.offset, tensor.offset + tensor.bytes) })),
    readReferenceShape(metadata),
    RANDOM_PROMPT,
  );
}

describe('logits against exact arithmetic', () => {
  test.each(Object.entries(RANDOM_MODELS))('%s', async (_, options) => {
    const bytes = createRandomModel(options);
    const model = await open(bytes, { kvType: 'f32' });
    const logits = await model.logits(RANDOM_PROMPT);
    const reference = await referenceLogits(bytes);
    const isFloat = ['F32', 'F16', 'BF16'].includes(options.type ?? 'F32');
    RANDOM_PROMPT.forEach((_id, position) => {
      const row = logits.subarray(position * VOCABULARY, (position + 1) * VOCABULARY);
      // Floats are computed as floats; the rest rounds activations to 8 bits.
      expect(relativeError(row, reference[position] ?? [])).toBeLessThan(isFloat ? 1e-4 : 7e-2);
    });
    model.close();
  });
});

describe('logits against native llama.cpp', () => {
  test.each(Object.entries(RANDOM_MODELS))('%s', async (name, options) => {
    const model = await open(createRandomModel(options), { kvType: 'f32' });
    const logits = await model.logits(RANDOM_PROMPT);
    const least = GELU_ARCHITECTURES.includes(options.architecture ?? 'llama') ? GELU_TOLERANCE : 0;
    for (const [kept, position] of KEPT_POSITIONS.entries()) {
      const row = logits.subarray(position * VOCABULARY, (position + 1) * VOCABULARY);
      const error = relativeError(row, elementAt(fixture.get(name) ?? [], kept));
      expect(error).toBeLessThan(Math.max(TOLERANCES[options.type ?? 'F32'] ?? 6.5e-2, least));
    }
    model.close();
  });
});

describe('ways to compute the same', () => {
  test.each([
    ...['F32', 'F16', 'Q8_0', 'Q4_1', 'mixed', 'qwen3 Q8_0', 'gemma2 Q4_K', 'gemma3 F32', 'gemma3 Q8_0'],
    ...['gpt2 F32', 'gpt2 Q8_0', 'gptneox Q4_0', 'phi3 Q4_K', 'stablelm 12B', 'olmo2 Q8_0', 'olmo2 local'],
    ...['mixtral Q4_K', 'qwen3moe Q8_0', 'granitemoe Q4_0'],
  ])('chunks and single steps agree: %s', async (name) => {
    const bytes = createNamedModel(name);
    const whole = await open(bytes);
    const chunked = await open(bytes, { chunkTokens: 7 });
    const single = await open(bytes, { chunkTokens: 1 });
    const a = await whole.logits(RANDOM_PROMPT);
    const b = await chunked.logits(RANDOM_PROMPT);
    const c = await single.logits(RANDOM_PROMPT);
    // Integer dot products are exact and summed in one order: to the bit.
    const isFloat = ['F32', 'F16', 'BF16'].includes(RANDOM_MODELS[name]?.type ?? 'F32');
    expect(relativeError(b, a)).toBeLessThan(isFloat ? 2e-4 : 1e-30);
    expect(relativeError(c, a)).toBeLessThan(isFloat ? 2e-4 : 1e-30);
  });

  test('an f16 cache is close to an f32 one', async () => {
    const bytes = createNamedModel('F32');
    const a = await (await open(bytes, { kvType: 'f32' })).logits(RANDOM_PROMPT);
    const b = await (await open(bytes, { kvType: 'f16' })).logits(RANDOM_PROMPT);
    expect(relativeError(b, a)).toBeLessThan(2e-3);
  });
});
