import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** OLMoE: experts whose weights are left as the router gives them, queries and keys normalised as whole rows. */
export const olmoe: Architecture = {
  id: 'olmoe',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'olmoe', { allowsExperts: true }),
  readBlock: () => ({ ...LLAMA_BLOCK, rope: 'half', queryKeyNorm: 'row', experts: 'weighted' }),
  takeWeights: (tensors, h, block) => takeDecoderWeights(tensors, h, block, { output: 'own' }),
};
