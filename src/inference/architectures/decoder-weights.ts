import { elementAt } from '../element-at';
import { InferenceError } from '../errors';
import type { BlockFacts, Hyperparameters } from './architecture';
import type { LayerOf, LayerVector, Matrix, ModelWeights, TensorSet } from './weights';

/** What the names and presence of tensors differ in between architectures with the same facts. */
export interface DecoderTensors {
  /** Vectors that no layer may lack. Other biases are taken where they are. */
  readonly required?: readonly LayerVector[];
  /** The output matrix: a file's own, else the embedding; or always the embedding; or never. */
  readonly output?: 'own-or-tied' | 'tied' | 'own';
  /** A gate and the product that it multiplies, one after another in `ffn_up` (Phi-3). */
  readonly fusedGate?: boolean;
  /** Another norm of attention's input, where a file has it: the first then serves the network (Falcon 40B). */
  readonly secondNorm?: boolean;
}

const NAMES: Readonly<Record<LayerVector, string>> = {
  attnNorm: 'attn_norm.weight',
  attnNormBias: 'attn_norm.bias',
  attnPostNorm: 'post_attention_norm.weight',
  ffnNorm: 'ffn_norm.weight',
  ffnNormBias: 'ffn_norm.bias',
  ffnPostNorm: 'post_ffw_norm.weight',
  qNorm: 'attn_q_norm.weight',
  kNorm: 'attn_k_norm.weight',
  qBias: 'attn_q.bias',
  kBias: 'attn_k.bias',
  vBias: 'attn_v.bias',
  oBias: 'attn_output.bias',
  gateBias: 'ffn_gate.bias',
  upBias: 'ffn_up.bias',
  downBias: 'ffn_down.bias',
};

type Vectors = LayerOf<Matrix>[LayerVector];

/**
 * The weights of a decoder with grouped-query attention and a feed-forward network, by the names that llama.cpp gives
 * them (llama-arch.cpp). Which there must be follows from the block's facts.
 */
export function takeDecoderWeights(
  tensors: TensorSet,
  h: Hyperparameters,
  block: BlockFacts,
  spec: DecoderTensors = {},
): ModelWeights {
  const { required = [], output = 'own-or-tied', fusedGate = false, secondNorm = false } = spec;
  const vocabulary = tensors.sizeOf('token_embd.weight', 1);
  if (tensors.has('token_embd.weight') && (vocabulary < 1 || vocabulary > 1 << 22)) {
    throw new InferenceError('bad-file', `token_embd.weight has ${vocabulary} rows`);
  }
  const queries = h.heads * h.headDim;
  const keys = h.kvHeads * h.headDim;
  const hasLayerNorm = block.norm === 'layer';
  const lengths: Readonly<Record<LayerVector, number>> = {
    attnNorm: h.dim,
    attnNormBias: h.dim,
    attnPostNorm: h.dim,
    ffnNorm: h.dim,
    ffnNormBias: h.dim,
    ffnPostNorm: h.dim,
    ...queryKeyNormLengths(h, block),
    qBias: queries,
    kBias: keys,
    vBias: keys,
    oBias: h.dim,
    gateBias: h.ffn,
    upBias: h.ffn,
    downBias: h.dim,
  };
  const embedding = tensors.matrix('token_embd.weight', h.dim, vocabulary);
  const isTied = output === 'tied' || (output === 'own-or-tied' && !tensors.has('output.weight'));

  const takeLayer = (index: number): LayerOf<Matrix> => {
    const at = `blk.${index}.`;
    const need = (name: LayerVector) => tensors.vector(at + NAMES[name], lengths[name]);
    const isRequired = (name: LayerVector) => required.includes(name);
    const take = (name: LayerVector): Vectors =>
      isRequired(name) ? need(name) : tensors.optionalVector(at + NAMES[name], lengths[name]);
    tensors.skip(`${at}attn_rot_embd.weight`);
    const norms = () => {
      const attnNorm = need('attnNorm');
      const attnNormBias = hasLayerNorm ? need('attnNormBias') : undefined;
      const first = { attnNorm, attnNormBias };
      if (block.parallelResidual && !isRequired('ffnNorm') && !tensors.has(at + NAMES.ffnNorm)) {
        const network = { ffnNorm: attnNorm, ffnNormBias: attnNormBias };
        if (!secondNorm || !tensors.has(`${at}attn_norm_2.weight`)) return { ...first, ...network };
        return {
          ...network,
          attnNorm: tensors.vector(`${at}attn_norm_2.weight`, h.dim),
          attnNormBias: tensors.vector(`${at}attn_norm_2.bias`, h.dim),
        };
      }
      return {
        ...first,
        ffnNorm: need('ffnNorm'),
        ffnNormBias: hasLayerNorm ? need('ffnNormBias') : undefined,
      };
    };
    const attention = takeAttention(tensors, at, h, take, isRequired);
    const network = takeNetwork(tensors, at, h, block, fusedGate);
    return {
      ...attention,
      ...(block.normPlace !== 'after' && norms()),
      ...(block.normPlace !== 'before' && {
        attnPostNorm: need('attnPostNorm'),
        ffnPostNorm: need('ffnPostNorm'),
      }),
      ...(block.queryKeyNorm !== 'none' && { qNorm: need('qNorm'), kNorm: need('kNorm') }),
      ...network,
      oBias: take('oBias'),
      ...(network.up && {
        gateBias: network.gate && !fusedGate ? take('gateBias') : undefined,
        upBias: fusedGate ? undefined : take('upBias'),
        downBias: take('downBias'),
      }),
    };
  };
  return {
    vocabulary,
    embedding,
    positions: block.learnedPositions
      ? tensors.matrix('position_embd.weight', h.dim, h.trainedContext)
      : undefined,
    output: isTied ? embedding : tensors.matrix('output.weight', h.dim, vocabulary),
    layers: Array.from({ length: h.layers }, (_, index) => takeLayer(index)),
    outputNorm: tensors.vector('output_norm.weight', h.dim),
    outputNormBias: hasLayerNorm ? tensors.vector('output_norm.bias', h.dim) : undefined,
    outputBias: tensors.optionalVector('output.bias', vocabulary),
    ropeFactors: tensors.optionalVector('rope_freqs.weight', h.ropeDim / 2),
    ropeLong: tensors.optionalVector('rope_factors_long.weight', h.ropeDim / 2),
    ropeShort: tensors.optionalVector('rope_factors_short.weight', h.ropeDim / 2),
  };
}

function queryKeyNormLengths({ heads, kvHeads, headDim }: Hyperparameters, { queryKeyNorm }: BlockFacts) {
  if (queryKeyNorm === 'head') return { qNorm: headDim, kNorm: headDim };
  return { qNorm: heads * headDim, kNorm: kvHeads * headDim };
}

/** Queries, keys and values: three matrices, or one after another in `attn_qkv`. */
function takeAttention(
  tensors: TensorSet,
  at: string,
  h: Hyperparameters,
  take: (name: LayerVector) => Vectors,
  isRequired: (name: LayerVector) => boolean,
): Pick<LayerOf<Matrix>, 'q' | 'k' | 'v' | 'o' | 'qBias' | 'kBias' | 'vBias'> {
  const queries = h.heads * h.headDim;
  const keys = h.kvHeads * h.headDim;
  const takeOutput = () => tensors.matrix(`${at}attn_output.weight`, queries, h.dim);
  if (!tensors.has(`${at}attn_qkv.weight`)) {
    return {
      q: tensors.matrix(`${at}attn_q.weight`, h.dim, queries),
      k: tensors.matrix(`${at}attn_k.weight`, h.dim, keys),
      v: tensors.matrix(`${at}attn_v.weight`, h.dim, keys),
      o: takeOutput(),
      qBias: take('qBias'),
      kBias: take('kBias'),
      vBias: take('vBias'),
    };
  }
  const parts = [queries, keys, keys];
  const [q, k, v] = tensors.fusedMatrix(`${at}attn_qkv.weight`, h.dim, parts);
  if (!q || !k || !v) throw new RangeError('three parts');
  const [qBias, kBias, vBias] = tensors.fusedVector(`${at}attn_qkv.bias`, parts, isRequired('qBias'));
  return { q, k, v, o: takeOutput(), qBias, kBias, vBias };
}

function takeNetwork(
  tensors: TensorSet,
  at: string,
  { dim, ffn, experts: count }: Hyperparameters,
  { gated, experts }: BlockFacts,
  fused: boolean,
): Pick<LayerOf<Matrix>, 'gate' | 'up' | 'down' | 'router' | 'experts'> {
  if (experts !== 'none') {
    const gates = tensors.stackedMatrices(`${at}ffn_gate_exps.weight`, dim, ffn, count);
    const ups = tensors.stackedMatrices(`${at}ffn_up_exps.weight`, dim, ffn, count);
    const downs = tensors.stackedMatrices(`${at}ffn_down_exps.weight`, ffn, dim, count);
    return {
      router: tensors.matrix(`${at}ffn_gate_inp.weight`, dim, count),
      experts: gates.map((gate, index) => ({
        gate,
        up: elementAt(ups, index),
        down: elementAt(downs, index),
      })),
    };
  }
  const down = tensors.matrix(`${at}ffn_down.weight`, ffn, dim);
  if (gated && fused) {
    const [gate, up] = tensors.fusedMatrix(`${at}ffn_up.weight`, dim, [ffn, ffn]);
    return { gate, up, down };
  }
  const gate = gated ? tensors.matrix(`${at}ffn_gate.weight`, dim, ffn) : undefined;
  return { gate, up: tensors.matrix(`${at}ffn_up.weight`, dim, ffn), down };
}
