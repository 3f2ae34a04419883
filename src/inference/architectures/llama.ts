import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { readHyperparameters } from './hyperparameters';
import { takeDecoderWeights } from './decoder-weights';

/** LLaMA 1 to 3, Mistral, Mixtral and all that share their block. Biases are optional. */
export const llama: Architecture = {
  id: 'llama',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'llama', { allowsExperts: true }),
  readBlock: ({ h }) => ({ ...LLAMA_BLOCK, experts: h.experts > 0 ? 'normed' : 'none' }),
  takeWeights: takeDecoderWeights,
};
