import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { readHyperparameters } from './hyperparameters';
import { takeDecoderWeights } from './decoder-weights';

/** LLaMA 1 to 3, Mistral and all that share their block. Biases of q, k and v are optional. */
export const llama: Architecture = {
  id: 'llama',
  block: LLAMA_BLOCK,
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'llama'),
  takeWeights: (tensors, h) => takeDecoderWeights(tensors, h, 'optional'),
};
