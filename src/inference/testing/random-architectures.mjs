// Which tensors and metadata the files of an architecture have, as llama.cpp's converters write them
// (convert_hf_to_gguf.py, gguf-py/gguf/constants.py, src/models/*.cpp). Written by hand: a test of the reader must not ask it.

/**
 * @typedef {object} FileShape
 * @property {'rms' | 'layer'} norm @property {('before' | 'after')[]} norms where a block normalises
 * @property {boolean} [ownNetworkNorm] false: the network reads what attention reads
 * @property {boolean} [secondNorm] another norm for attention's input
 * @property {boolean} [fusedQkv] @property {'own' | 'fused' | 'none'} gate
 * @property {('qkv' | 'o' | 'network' | 'output')[]} [biases]
 * @property {readonly [count: number, used: number]} [experts]
 * @property {'head' | 'each-head' | 'row'} [queryKeyNorm]
 * @property {boolean} [learnedPositions]
 * @property {number} [embeddingGain] times the usual spread
 * @property {number} [rotated] share of a head that RoPE turns
 * @property {readonly import('./gguf-writer.mjs').GgufEntry[]} [entries] under the architecture's prefix
 */

/** @type {FileShape} */
const LLAMA = { norm: 'rms', norms: ['before'], gate: 'own' };
/** @type {FileShape} */
const LAYER_NORM = { norm: 'layer', norms: ['before'], gate: 'none' };

/** @type {Record<string, FileShape>} */
const SHAPES = {
  llama: LLAMA,
  qwen2: { ...LLAMA, biases: ['qkv'] },
  qwen3: { ...LLAMA, queryKeyNorm: 'head' },
  gemma2: {
    ...LLAMA,
    norms: ['before', 'after'],
    embeddingGain: 0.1,
    entries: [
      { key: 'attention.sliding_window', type: 'u32', value: 12 },
      // Real files have 50 and 30: small ones, so that they matter.
      { key: 'attn_logit_softcapping', type: 'f32', value: 3 },
      { key: 'final_logit_softcapping', type: 'f32', value: 4 },
    ],
  },
  gemma3: {
    ...LLAMA,
    norms: ['before', 'after'],
    queryKeyNorm: 'head',
    embeddingGain: 0.1,
    entries: [
      { key: 'attention.sliding_window', type: 'u32', value: 9 },
      { key: 'rope.freq_base_swa', type: 'f32', value: 5000 },
    ],
  },
  gpt2: {
    ...LAYER_NORM,
    fusedQkv: true,
    biases: ['qkv', 'o', 'network'],
    learnedPositions: true,
  },
  gptneox: {
    ...LAYER_NORM,
    fusedQkv: true,
    biases: ['qkv', 'o', 'network'],
    rotated: 0.25,
    entries: [{ key: 'use_parallel_residual', type: 'bool', value: true }],
  },
  phi2: {
    ...LAYER_NORM,
    ownNetworkNorm: false,
    fusedQkv: true,
    biases: ['qkv', 'o', 'network', 'output'],
    rotated: 0.5,
  },
  phi3: { ...LLAMA, fusedQkv: true, gate: 'fused' },
  stablelm: { ...LAYER_NORM, gate: 'own', biases: ['qkv'], rotated: 0.25 },
  falcon: { ...LAYER_NORM, ownNetworkNorm: false, fusedQkv: true },
  starcoder2: { ...LAYER_NORM, biases: ['qkv', 'o', 'network'] },
  granite: {
    ...LLAMA,
    entries: [
      { key: 'logit_scale', type: 'f32', value: 6 },
      { key: 'residual_scale', type: 'f32', value: 0.22 },
      { key: 'embedding_scale', type: 'f32', value: 2 },
      { key: 'attention.scale', type: 'f32', value: 0.1 },
    ],
  },
  qwen3moe: { ...LLAMA, queryKeyNorm: 'head', experts: [8, 3] },
  olmoe: { ...LLAMA, queryKeyNorm: 'row', experts: [8, 2] },
  granitemoe: {
    ...LLAMA,
    experts: [6, 4],
    entries: [
      { key: 'logit_scale', type: 'f32', value: 6 },
      { key: 'residual_scale', type: 'f32', value: 0.22 },
      { key: 'embedding_scale', type: 'f32', value: 2 },
      { key: 'attention.scale', type: 'f32', value: 0.1 },
    ],
  },
  smollm3: LLAMA,
  olmo2: { ...LLAMA, norms: ['after'], queryKeyNorm: 'row' },
};

/** @param {string} architecture */
export function fileShapeOf(architecture) {
  const shape = SHAPES[architecture];
  if (!shape) throw new RangeError(`no files of ${architecture}`);
  return shape;
}
