import { readdirSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { createRandomModel } from '../testing/random-model.mjs';
import { RANDOM_MODELS } from '../testing/random-models.mjs';
import { ARCHITECTURES, describeModel } from './registry';
import { matricesInFileOrder } from './weights';

const describeBytes = async (bytes: Uint8Array) => describeModel(await parseGguf([bytesSource(bytes)]));

describe.each(ARCHITECTURES)('the architecture $id', ({ id }) => {
  it('has a file of its own and a random model to be tested with', () => {
    expect(readdirSync(import.meta.dirname)).toContain(`${id}.ts`);
    const tested = Object.values(RANDOM_MODELS).map(({ architecture = 'llama' }) => architecture);
    expect(tested).toContain(id);
  });

  it('describes its random models', async () => {
    const models = Object.values(RANDOM_MODELS).filter(({ architecture = 'llama' }) => architecture === id);
    for (const options of models) {
      const bytes = createRandomModel(options);
      const description = await describeBytes(bytes);
      expect(description.architecture).toBe(id);
      expect(description.weights.layers).toHaveLength(options.layers ?? 2);
      const { block, weights } = description;
      const ofModel = (options.tied === true ? 1 : 2) + Number(block.learnedPositions);
      // With experts: four of attention, the router, three of each.
      const ofLayer = block.experts === 'none' ? (block.gated ? 7 : 6) : 5 + 3 * description.h.experts;
      const matrices = matricesInFileOrder(weights);
      expect(matrices).toHaveLength(ofModel + ofLayer * weights.layers.length);
      // Every byte of a matrix is used once, whether converters fused it or not.
      const bytesUsed = matrices.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
      const { tensors } = await parseGguf([bytesSource(bytes)]);
      const bytesInFile = tensors
        .filter(({ dimensions, name }) => dimensions.length >= 2 && !name.includes('norm'))
        .reduce((sum, tensor) => sum + tensor.bytes, 0);
      expect(bytesUsed).toBe(bytesInFile);
    }
  });
});

test.each([
  ['qwen2', 'blk.1.attn_k.bias'],
  ['qwen3', 'blk.0.attn_q_norm.weight'],
  ['gemma3', 'blk.1.post_ffw_norm.weight'],
  ['gpt2', 'position_embd.weight'],
  ['gpt2', 'blk.0.attn_qkv.bias'],
  ['gptneox', 'blk.1.ffn_norm.weight'],
  ['phi2', 'output_norm.bias'],
  ['starcoder2', 'blk.0.ffn_up.bias'],
])('%s without %s is refused', async (architecture, missing) => {
  const file = await parseGguf([bytesSource(createRandomModel({ architecture, kvHeads: 3 }))]);
  const tensors = file.tensors.filter(({ name }) => name !== missing);
  expect(() => describeModel({ ...file, tensors })).toThrow(`${missing} is missing`);
});

test.each([
  ['gptneox.use_parallel_residual', 'gptneox', undefined, 'use_parallel_residual'],
  ['gemma2.attention.sliding_window', 'gemma2', -1, 'a window of -1 positions'],
  ['gemma3.attention.key_length_swa', 'gemma3', 16, "'attention.key_length' of 16 in local layers"],
  ['granite.logit_scale', 'granite', 0, 'logits are divided by 0'],
  ['llama.rope.scaling.type', 'llama', 'su', "RoPE scaling 'su'"],
  ['llama.rope.scaling.attn_factor', 'llama', -1, 'the RoPE attention factor is -1'],
])('%s of %s as %s is refused', async (key, architecture, value, message) => {
  const file = await parseGguf([bytesSource(createRandomModel({ architecture, kvHeads: 3 }))]);
  const metadata = new Map(file.metadata);
  if (value === undefined) metadata.delete(key);
  else metadata.set(key, value);
  expect(() => describeModel({ ...file, metadata })).toThrow(message);
});
