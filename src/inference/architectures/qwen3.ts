import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** Qwen3: Qwen2's block without its biases, with heads of queries and keys normalised. */
export const qwen3: Architecture = {
  id: 'qwen3',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'qwen3'),
  readBlock: () => ({ ...LLAMA_BLOCK, rope: 'half', queryKeyNorm: 'head' }),
  takeWeights: takeDecoderWeights,
};
