import { expect, test } from 'vitest';
import { LLAMA_BLOCK } from '../architectures/architecture';
import type { BlockFacts } from '../architectures/architecture';
import { ARCHITECTURES } from '../architectures/registry';
import { checkBlock } from './check-block';

test.each(ARCHITECTURES)('computes the block of $id', ({ block }) => {
  expect(() => checkBlock(block)).not.toThrow();
});

test.each<[Partial<BlockFacts>, string]>([
  [{ norm: 'layer' }, 'norm layer'],
  [{ normPlace: 'both' }, 'normPlace both'],
  [{ parallelResidual: true }, 'parallelResidual true'],
  [{ activation: 'gelu' }, 'activation gelu'],
  [{ window: 512 }, 'window 512'],
  [{ logitSoftCap: 30 }, 'logitSoftCap 30'],
])('refuses %o by name', (facts, message) => {
  expect(() => checkBlock({ ...LLAMA_BLOCK, ...facts })).toThrow(message);
});
