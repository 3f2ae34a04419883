import type { Architecture } from './architecture';
import { LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** StableLM: llama's block with LayerNorm and RoPE over a part of each head; its 12B is parallel and normalises heads. */
export const stablelm: Architecture = {
  id: 'stablelm',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'stablelm', { norm: 'layer' }),
  readBlock: ({ tensors }) => ({
    ...LLAMA_BLOCK,
    norm: 'layer',
    rope: 'half',
    parallelResidual: !tensors.has('blk.0.ffn_norm.weight'),
    queryKeyNorm: tensors.has('blk.0.attn_q_norm.weight') ? 'each-head' : 'none',
  }),
  takeWeights: (tensors, h, block) => takeDecoderWeights(tensors, h, block, { output: 'own' }),
};
