import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** Phi-1, 1.5 and 2: attention and network read one LayerNorm; biases everywhere, of the logits too. */
export const phi2: Architecture = {
  id: 'phi2',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'phi2', { norm: 'layer' }),
  readBlock: () => ({
    ...LLAMA_BLOCK,
    norm: 'layer',
    parallelResidual: true,
    rope: 'half',
    activation: 'gelu',
    gated: false,
  }),
  takeWeights: (tensors, h, block) =>
    takeDecoderWeights(tensors, h, block, { required: ['oBias', 'upBias', 'downBias'], output: 'own' }),
};
