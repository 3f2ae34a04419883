import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** Qwen2 and Qwen2.5: llama's block with biases of q, k and v, and RoPE over the halves of a head. */
export const qwen2: Architecture = {
  id: 'qwen2',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'qwen2'),
  readBlock: () => ({ ...LLAMA_BLOCK, rope: 'half' }),
  takeWeights: (tensors, h, block) =>
    takeDecoderWeights(tensors, h, block, { required: ['qBias', 'kBias', 'vBias'] }),
};
