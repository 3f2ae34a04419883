import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/**
 * Phi-3, Phi-3.5 and Phi-4: llama's block with q, k and v in one matrix, gate and up in another, and LongRoPE. The
 * window of some files is not applied, as in llama.cpp: converters write it for models without one too.
 */
export const phi3: Architecture = {
  id: 'phi3',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'phi3'),
  readBlock: () => ({ ...LLAMA_BLOCK, rope: 'half' }),
  takeWeights: (tensors, h, block) => takeDecoderWeights(tensors, h, block, { fusedGate: true }),
};
