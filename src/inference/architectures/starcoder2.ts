import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** StarCoder 2: LayerNorm, an ungated network, biases, grouped queries. */
export const starcoder2: Architecture = {
  id: 'starcoder2',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'starcoder2', { norm: 'layer' }),
  readBlock: () => ({ ...LLAMA_BLOCK, norm: 'layer', rope: 'half', activation: 'gelu', gated: false }),
  takeWeights: (tensors, h, block) =>
    takeDecoderWeights(tensors, h, block, { required: ['oBias', 'upBias', 'downBias'] }),
};
