import { readdirSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { createRandomModel, RANDOM_MODELS } from '../testing/random-model.mjs';
import { ARCHITECTURES, describeModel } from './registry';
import { matricesInFileOrder } from './weights';

const describeBytes = async (bytes: Uint8Array) => describeModel(await parseGguf([bytesSource(bytes)]));

describe.each(ARCHITECTURES)('the architecture $id', ({ id, block }) => {
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
      expect(description).toMatchObject({ architecture: id, block });
      expect(description.weights.layers).toHaveLength(options.layers ?? 2);
      const matrices = options.tied === true ? 15 : 16;
      expect(matricesInFileOrder(description.weights)).toHaveLength(
        matrices + 7 * (description.weights.layers.length - 2),
      );
    }
  });
});

test('qwen2 without a bias is refused', async () => {
  const file = await parseGguf([bytesSource(createRandomModel({ architecture: 'qwen2' }))]);
  const tensors = file.tensors.filter(({ name }) => name !== 'blk.1.attn_k.bias');
  expect(() => describeModel({ ...file, tensors })).toThrow('blk.1.attn_k.bias is missing');
});
