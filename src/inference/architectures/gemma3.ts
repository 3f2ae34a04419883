import { readOptionalNumber } from '../gguf/metadata';
import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';
import { readLocalLayers } from './local-layers';

const LAYERS_OF_27B = 62;
const LOCAL_ROPE_BASE = 10_000;

/**
 * Gemma 3's language model: Gemma 2 with normalised heads in place of capped scores, five local layers for each that
 * sees all positions, and a RoPE base of its own for them (arXiv 2503.19786).
 */
export const gemma3: Architecture = {
  id: 'gemma3',
  readHyperparameters: (metadata) => ({
    ...readHyperparameters(metadata, 'gemma3'),
    ropeLocalBase: readOptionalNumber(metadata, 'gemma3.rope.freq_base_swa') ?? LOCAL_ROPE_BASE,
  }),
  readBlock: ({ metadata, h }) => ({
    ...LLAMA_BLOCK,
    normPlace: 'both',
    rope: 'half',
    activation: 'gelu',
    queryKeyNorm: 'head',
    attentionScale: h.layers === LAYERS_OF_27B ? 1 / Math.sqrt(h.dim / h.heads) : 0,
    logitSoftCap: readOptionalNumber(metadata, 'gemma3.final_logit_softcapping') ?? 0,
    embeddingScale: Math.sqrt(h.dim),
    layers: readLocalLayers(metadata, 'gemma3', h, { window: 0, period: 6, rope: 'local' }),
  }),
  takeWeights: takeDecoderWeights,
};
