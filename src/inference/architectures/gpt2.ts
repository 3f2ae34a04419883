import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** GPT-2 and Cerebras-GPT: LayerNorm, learned positions, an ungated network, biases everywhere. */
export const gpt2: Architecture = {
  id: 'gpt2',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'gpt2', { norm: 'layer' }),
  readBlock: ({ h }) => ({
    ...LLAMA_BLOCK,
    norm: 'layer',
    activation: 'gelu',
    gated: false,
    learnedPositions: true,
    layers: Array.from({ length: h.layers }, () => ({ window: 0, rope: 'none' })),
  }),
  takeWeights: (tensors, h, block) =>
    takeDecoderWeights(tensors, h, block, {
      required: ['qBias', 'kBias', 'vBias', 'oBias', 'upBias', 'downBias'],
    }),
};
