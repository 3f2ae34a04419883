import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** Falcon 7B and 40B: parallel, with LayerNorm and an ungated network; the 40B has a norm for each of the two. */
export const falcon: Architecture = {
  id: 'falcon',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'falcon', { norm: 'layer' }),
  readBlock: () => ({
    ...LLAMA_BLOCK,
    norm: 'layer',
    parallelResidual: true,
    rope: 'half',
    activation: 'gelu',
    gated: false,
  }),
  takeWeights: (tensors, h, block) => takeDecoderWeights(tensors, h, block, { secondNorm: true }),
};
