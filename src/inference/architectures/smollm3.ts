import type { Architecture } from './architecture';
import { EVERY_LAYER, LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** Every fourth layer's queries and keys know no positions (NoPE, arXiv 2501.18795). */
const UNROTATED_EVERY = 4;

/** SmolLM3: llama's block, with RoPE in three layers of four. */
export const smollm3: Architecture = {
  id: 'smollm3',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'smollm3'),
  readBlock: ({ h }) => ({
    ...LLAMA_BLOCK,
    layers: Array.from({ length: h.layers }, (_, index) =>
      (index + 1) % UNROTATED_EVERY === 0 ? { ...EVERY_LAYER, rope: 'none' } : EVERY_LAYER,
    ),
  }),
  takeWeights: takeDecoderWeights,
};
