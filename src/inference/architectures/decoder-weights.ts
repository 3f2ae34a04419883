import { InferenceError } from '../errors';
import type { Hyperparameters } from './architecture';
import type { LayerOf, Matrix, ModelWeights, TensorSet } from './weights';

/**
 * The weights of a decoder with grouped-query attention and a gated feed-forward network, by the names that llama.cpp
 * gives them (llama-arch.cpp).
 */
export function takeDecoderWeights(
  tensors: TensorSet,
  h: Hyperparameters,
  qkvBiases: 'optional' | 'required',
): ModelWeights {
  const vocabulary = tensors.sizeOf('token_embd.weight', 1);
  if (tensors.has('token_embd.weight') && (vocabulary < 1 || vocabulary > 1 << 22)) {
    throw new InferenceError('bad-file', `token_embd.weight has ${vocabulary} rows`);
  }
  const queries = h.heads * h.headDim;
  const keys = h.kvHeads * h.headDim;
  const bias = (name: string, length: number) =>
    qkvBiases === 'required' ? tensors.vector(name, length) : tensors.optionalVector(name, length);
  const embedding = tensors.matrix('token_embd.weight', h.dim, vocabulary);
  const output = tensors.has('output.weight')
    ? tensors.matrix('output.weight', h.dim, vocabulary)
    : embedding;
  const layers = Array.from({ length: h.layers }, (_, index): LayerOf<Matrix> => {
    const at = `blk.${index}.`;
    tensors.skip(`${at}attn_rot_embd.weight`);
    return {
      q: tensors.matrix(`${at}attn_q.weight`, h.dim, queries),
      k: tensors.matrix(`${at}attn_k.weight`, h.dim, keys),
      v: tensors.matrix(`${at}attn_v.weight`, h.dim, keys),
      o: tensors.matrix(`${at}attn_output.weight`, queries, h.dim),
      gate: tensors.matrix(`${at}ffn_gate.weight`, h.dim, h.ffn),
      up: tensors.matrix(`${at}ffn_up.weight`, h.dim, h.ffn),
      down: tensors.matrix(`${at}ffn_down.weight`, h.ffn, h.dim),
      attnNorm: tensors.vector(`${at}attn_norm.weight`, h.dim),
      ffnNorm: tensors.vector(`${at}ffn_norm.weight`, h.dim),
      qBias: bias(`${at}attn_q.bias`, queries),
      kBias: bias(`${at}attn_k.bias`, keys),
      vBias: bias(`${at}attn_v.bias`, keys),
    };
  });
  return {
    vocabulary,
    embedding,
    output,
    layers,
    outputNorm: tensors.vector('output_norm.weight', h.dim),
    ropeFactors: tensors.optionalVector('rope_freqs.weight', h.ropeDim / 2),
  };
}
