import { expect, test } from 'vitest';
import { LLAMA_BLOCK } from '../architectures/architecture';
import type { BlockFacts } from '../architectures/architecture';
import { describeModel } from '../architectures/registry';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { createRandomModel } from '../testing/random-model.mjs';
import { RANDOM_MODELS } from '../testing/random-models.mjs';
import { checkBlock } from './check-block';

test.each(Object.entries(RANDOM_MODELS))('computes the block of %s', async (_, options) => {
  const { block } = describeModel(await parseGguf([bytesSource(createRandomModel(options))]));
  expect(() => checkBlock(block)).not.toThrow();
});

test.each<[Partial<BlockFacts>, string]>([
  [{ activation: 'relu' as 'silu' }, 'activation relu'],
  [{ norm: 'group' as 'rms' }, 'norm group'],
  [{ parallelResidual: true, normPlace: 'both' }, 'normPlace both with parallelResidual'],
  [{ experts: 'normed', normPlace: 'after' }, 'experts with normPlace after'],
  [{ experts: 'normed', gated: false }, 'without a gate'],
  [{ queryKeyNorm: 'row', norm: 'layer' }, 'queryKeyNorm row with norm layer'],
])('refuses %o by name', (facts, message) => {
  expect(() => checkBlock({ ...LLAMA_BLOCK, ...facts })).toThrow(message);
});
