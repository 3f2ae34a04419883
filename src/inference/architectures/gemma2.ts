import { readOptionalNumber } from '../gguf/metadata';
import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';
import { readLocalLayers } from './local-layers';

/** Its 27B scales scores by the width that a head would have if heads shared the model's. */
const LAYERS_OF_27B = 46;

/**
 * Gemma 2: norms before and after, capped scores and logits, a gate with GELU, and a window of positions in every other
 * layer (arXiv 2408.00118).
 */
export const gemma2: Architecture = {
  id: 'gemma2',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'gemma2'),
  readBlock: ({ metadata, h }) => ({
    ...LLAMA_BLOCK,
    normPlace: 'both',
    rope: 'half',
    activation: 'gelu',
    attentionScale: h.layers === LAYERS_OF_27B ? 1 / Math.sqrt(h.dim / h.heads) : 0,
    attentionSoftCap: readOptionalNumber(metadata, 'gemma2.attn_logit_softcapping') ?? 50,
    logitSoftCap: readOptionalNumber(metadata, 'gemma2.final_logit_softcapping') ?? 30,
    embeddingScale: Math.sqrt(h.dim),
    layers: readLocalLayers(metadata, 'gemma2', h, { window: 4096, period: 2, rope: 'global' }),
  }),
  takeWeights: (tensors, h, block) => takeDecoderWeights(tensors, h, block, { output: 'tied' }),
};
