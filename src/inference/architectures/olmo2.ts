import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';
import { readLocalLayers } from './local-layers';

/**
 * OLMo 2 and 3: norms after attention and network, queries and keys normalised as whole rows (arXiv 2501.00656). OLMo 3
 * has three local layers for each that sees all positions, whose RoPE is not stretched.
 */
export const olmo2: Architecture = {
  id: 'olmo2',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'olmo2'),
  readBlock: ({ metadata, h }) => ({
    ...LLAMA_BLOCK,
    normPlace: 'after',
    rope: 'half',
    queryKeyNorm: 'row',
    layers: readLocalLayers(metadata, 'olmo2', h, { window: 0, period: 4, rope: 'local' }),
  }),
  takeWeights: (tensors, h, block) => takeDecoderWeights(tensors, h, block, { output: 'own' }),
};
