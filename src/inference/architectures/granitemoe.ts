import type { Architecture } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readGraniteBlock } from './granite';
import { readHyperparameters } from './hyperparameters';

/** Granite 3 with experts in every layer, none of them shared. */
export const granitemoe: Architecture = {
  id: 'granitemoe',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'granitemoe', { allowsExperts: true }),
  readBlock: (source) => ({ ...readGraniteBlock('granitemoe', source), experts: 'normed' }),
  takeWeights: takeDecoderWeights,
};
