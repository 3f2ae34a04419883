// The random models whose logits the fixture holds: every tensor type, every architecture, every fact that files vary.

import { TENSOR_TYPES } from './gguf-writer.mjs';

/**
 * @typedef {object} RandomModelOptions
 * @property {string} [architecture]
 * @property {Partial<import('./random-architectures.mjs').FileShape>} [shape] what differs from the architecture's usual files
 * @property {string} [type] of the matrices
 * @property {string} [mixedType] of attn_v, ffn_down and output instead
 * @property {number} [embedding] @property {number} [feedForward] @property {number} [layers]
 * @property {number} [heads] @property {number} [kvHeads] @property {number} [headSize]
 * @property {boolean} [tied] no output matrix: the embedding serves
 * @property {boolean} [frequencyFactors] Llama-3's `rope_freqs.weight`
 * @property {number} [linearScaling] context stretched by this factor
 * @property {readonly [factor: number, originalContext: number]} [yarn]
 * @property {number} [longrope] the context before LongRoPE stretched it
 * @property {number} [frequencyBase]
 * @property {number} [contextTokens]
 * @property {number} [seed]
 * @property {readonly [number, number]} [unwritten] token ids, from and up to, that are all but never the likeliest
 * @property {readonly string[]} [controlTokens] take the last places of the vocabulary
 */

const STABLELM_12B = { ownNetworkNorm: false, queryKeyNorm: /** @type {const} */ ('each-head'), biases: [] };
const SEQUENTIAL = {
  entries: [{ key: 'use_parallel_residual', type: /** @type {const} */ ('bool'), value: false }],
};
const WINDOW = {
  entries: [{ key: 'attention.sliding_window', type: /** @type {const} */ ('u32'), value: 10 }],
};

/** Floats show a wrong fact to the last digits; blocks show that rows were found where they lie. @type {Record<string, RandomModelOptions>} */
const MORE_ARCHITECTURES = {
  'qwen3 F32': { architecture: 'qwen3', headSize: 40, kvHeads: 3, seed: 70 },
  'qwen3 Q8_0': {
    architecture: 'qwen3',
    type: 'Q8_0',
    heads: 4,
    kvHeads: 2,
    headSize: 32,
    tied: true,
    seed: 71,
  },
  'qwen3 yarn': { architecture: 'qwen3', yarn: [4, 32], seed: 72 },
  'gemma2 F32': { architecture: 'gemma2', layers: 3, kvHeads: 3, tied: true, seed: 73 },
  'gemma2 Q4_K': { architecture: 'gemma2', type: 'Q4_K', mixedType: 'Q6_K', tied: true, seed: 74 },
  'gemma3 F32': {
    architecture: 'gemma3',
    layers: 7,
    tied: true,
    frequencyBase: 1e6,
    linearScaling: 8,
    seed: 75,
  },
  'gemma3 Q8_0': { architecture: 'gemma3', type: 'Q8_0', layers: 6, tied: true, headSize: 64, seed: 76 },
  'gpt2 F32': { architecture: 'gpt2', kvHeads: 3, seed: 77 },
  'gpt2 Q8_0': { architecture: 'gpt2', type: 'Q8_0', kvHeads: 3, tied: true, seed: 78 },
  'gptneox F32': { architecture: 'gptneox', kvHeads: 3, seed: 79 },
  'gptneox Q4_0': { architecture: 'gptneox', type: 'Q4_0', kvHeads: 3, seed: 80 },
  'gptneox in sequence': { architecture: 'gptneox', kvHeads: 3, shape: SEQUENTIAL, seed: 81 },
  'phi2 F32': { architecture: 'phi2', kvHeads: 3, seed: 82 },
  'phi3 F32': { architecture: 'phi3', kvHeads: 3, seed: 83 },
  'phi3 long': { architecture: 'phi3', kvHeads: 3, longrope: 32, seed: 84 },
  'phi3 short': { architecture: 'phi3', kvHeads: 3, longrope: 4096, contextTokens: 131_072, seed: 85 },
  'phi3 Q4_K': { architecture: 'phi3', type: 'Q4_K', seed: 86 },
  'stablelm F32': { architecture: 'stablelm', kvHeads: 3, seed: 87 },
  'stablelm 12B': { architecture: 'stablelm', shape: STABLELM_12B, seed: 88 },
  'falcon F32': { architecture: 'falcon', seed: 89 },
  'falcon 40B': { architecture: 'falcon', shape: { secondNorm: true }, tied: true, seed: 90 },
  'starcoder2 F32': { architecture: 'starcoder2', tied: true, seed: 91 },
  'granite F32': { architecture: 'granite', tied: true, seed: 92 },
  'smollm3 F32': { architecture: 'smollm3', layers: 5, tied: true, frequencyBase: 5e6, seed: 93 },
  'olmo2 F32': { architecture: 'olmo2', kvHeads: 3, seed: 94 },
  'olmo2 Q8_0': { architecture: 'olmo2', type: 'Q8_0', seed: 95 },
  'mixtral F32': { shape: { experts: [4, 2] }, seed: 97 },
  'mixtral Q4_K': { type: 'Q4_K', mixedType: 'Q6_K', shape: { experts: [4, 2] }, seed: 98 },
  'qwen3moe F32': { architecture: 'qwen3moe', seed: 99 },
  'qwen3moe Q8_0': { architecture: 'qwen3moe', type: 'Q8_0', headSize: 64, tied: true, seed: 100 },
  'olmoe F32': { architecture: 'olmoe', kvHeads: 3, seed: 101 },
  'granitemoe Q4_0': { architecture: 'granitemoe', type: 'Q4_0', tied: true, seed: 102 },
  'olmo2 local': { architecture: 'olmo2', layers: 5, shape: WINDOW, yarn: [8, 16], seed: 96 },
};

/** The models that the logits fixture holds, by name. @type {Record<string, RandomModelOptions>} */
export const RANDOM_MODELS = {
  ...Object.fromEntries(Object.keys(TENSOR_TYPES).map((type, index) => [type, { type, seed: 10 + index }])),
  mixed: { type: 'Q4_K', mixedType: 'Q6_K', seed: 40 },
  'many heads': { type: 'F32', heads: 6, kvHeads: 6, seed: 41 },
  'wide heads': { type: 'Q8_0', heads: 4, kvHeads: 2, headSize: 32, seed: 42 },
  tied: { type: 'Q4_0', tied: true, seed: 43 },
  'frequency factors': { type: 'F32', frequencyFactors: true, frequencyBase: 500_000, seed: 44 },
  'linear scaling': { type: 'F32', linearScaling: 4, seed: 45 },
  deep: { type: 'Q8_0', layers: 5, kvHeads: 3, seed: 46 },
  'qwen2 F32': { architecture: 'qwen2', type: 'F32', frequencyBase: 1e6, seed: 60 },
  'qwen2 Q8_0': { architecture: 'qwen2', type: 'Q8_0', kvHeads: 3, seed: 61 },
  'qwen2 tied': { architecture: 'qwen2', type: 'Q4_0', tied: true, seed: 62 },
  'qwen2 mixed': { architecture: 'qwen2', type: 'Q4_K', mixedType: 'Q6_K', heads: 2, kvHeads: 1, seed: 63 },
  yarn: { type: 'F32', yarn: [4, 32], seed: 64 },
  ...MORE_ARCHITECTURES,
};
