import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** Qwen3 with experts in every layer. */
export const qwen3moe: Architecture = {
  id: 'qwen3moe',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'qwen3moe', { allowsExperts: true }),
  readBlock: () => ({ ...LLAMA_BLOCK, rope: 'half', queryKeyNorm: 'head', experts: 'normed' }),
  takeWeights: takeDecoderWeights,
};
