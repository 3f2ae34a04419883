// Tiny models with random weights: small enough to make in a test, complete enough for llama.cpp to run.

import { encodeGguf, TENSOR_TYPES } from './gguf-writer.mjs';
import { createRandomData, encodeFloats } from './random-blocks.mjs';

/**
 * @typedef {object} RandomModelOptions
 * @property {'llama' | 'qwen2'} [architecture]
 * @property {string} [type] of the matrices
 * @property {string} [mixedType] of attn_v, ffn_down and output instead
 * @property {number} [embedding] @property {number} [feedForward] @property {number} [layers]
 * @property {number} [heads] @property {number} [kvHeads] @property {number} [headSize]
 * @property {boolean} [tied] no output matrix: the embedding serves
 * @property {boolean} [frequencyFactors] Llama-3's `rope_freqs.weight`
 * @property {number} [linearScaling] context stretched by this factor
 * @property {number} [frequencyBase]
 * @property {number} [contextTokens]
 * @property {number} [seed]
 * @property {readonly [number, number]} [unwritten] token ids, from and up to, that are all but never the likeliest
 * @property {readonly string[]} [controlTokens] take the last places of the vocabulary
 */

/** Vocabulary size: odd, as WizardLM's 32001 is. */
export const VOCABULARY = 323;

/** @param {readonly string[]} controlTokens */
function createVocabulary(controlTokens) {
  const tokens = ['<unk>', '<s>', '</s>'];
  for (let byte = 0; byte < 256; byte++)
    tokens.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  while (tokens.length < VOCABULARY) tokens.push(`\u2581w${tokens.length}`);
  const firstControl = VOCABULARY - controlTokens.length;
  tokens.splice(firstControl, controlTokens.length, ...controlTokens);
  const types = tokens.map((_, id) => (id === 0 ? 2 : id < 3 || id >= firstControl ? 3 : id < 259 ? 6 : 1));
  return { tokens, types, scores: tokens.map((_, id) => (id < 259 ? 0 : 259 - id)) };
}

/** @param {string} architecture @param {number} headSize @returns {import('./gguf-writer.mjs').GgufEntry[]} */
function rotatedDimensions(architecture, headSize) {
  if (architecture !== 'llama') return [];
  return [{ key: 'llama.rope.dimension_count', type: 'u32', value: headSize }];
}

/** Bytes of a GGUF model; the same for the same options. @param {RandomModelOptions} options */
export function createRandomModel(options) {
  const {
    architecture = 'llama',
    type = 'F32',
    mixedType = type,
    layers = 2,
    tied = false,
    seed = 1,
    frequencyBase = 10_000,
  } = options;
  const wide = (TENSOR_TYPES[type]?.[1] ?? 1) > 32 || (TENSOR_TYPES[mixedType]?.[1] ?? 1) > 32;
  const { embedding = wide ? 256 : 96, feedForward = wide ? 512 : 160 } = options;
  const { heads = wide ? 4 : 3, kvHeads = wide ? 2 : 1 } = options;
  const { headSize = embedding / heads } = options;

  /** @type {import('./gguf-writer.mjs').GgufTensorData[]} */
  const tensors = [];
  let nextSeed = seed * 1000;
  /** @param {string} name @param {string} tensorType @param {number} columns @param {number} rows @param {number} gain */
  const addMatrix = (name, tensorType, columns, rows, gain) => {
    const data = createRandomData(tensorType, columns * rows, gain / Math.sqrt(columns), nextSeed++);
    tensors.push({ name, dimensions: [columns, rows], type: tensorType, data });
  };
  /** @param {string} name */
  const addNorm = (name) => {
    const noise = createRandomData('F32', embedding, 0.2, nextSeed++);
    const floats = new Float32Array(noise.buffer).map((value) => value + 1);
    tensors.push({ name, dimensions: [embedding], type: 'F32', data: encodeFloats('F32', floats) });
  };
  /** @param {string} name @param {number} rows */
  const addBias = (name, rows) => {
    if (architecture !== 'qwen2') return;
    tensors.push({
      name,
      dimensions: [rows],
      type: 'F32',
      data: createRandomData('F32', rows, 1, nextSeed++),
    });
  };

  addMatrix('token_embd.weight', type, embedding, VOCABULARY, Math.sqrt(embedding));
  for (let layer = 0; layer < layers; layer++) {
    const block = `blk.${layer}`;
    addNorm(`${block}.attn_norm.weight`);
    addMatrix(`${block}.attn_q.weight`, type, embedding, heads * headSize, 1.5);
    addMatrix(`${block}.attn_k.weight`, type, embedding, kvHeads * headSize, 1.5);
    addMatrix(`${block}.attn_v.weight`, mixedType, embedding, kvHeads * headSize, 1);
    addBias(`${block}.attn_q.bias`, heads * headSize);
    addBias(`${block}.attn_k.bias`, kvHeads * headSize);
    addBias(`${block}.attn_v.bias`, kvHeads * headSize);
    addMatrix(`${block}.attn_output.weight`, type, heads * headSize, embedding, 1);
    addNorm(`${block}.ffn_norm.weight`);
    addMatrix(`${block}.ffn_gate.weight`, type, embedding, feedForward, 1.5);
    addMatrix(`${block}.ffn_up.weight`, type, embedding, feedForward, 1);
    addMatrix(`${block}.ffn_down.weight`, mixedType, feedForward, embedding, 1);
  }
  addNorm('output_norm.weight');
  if (!tied) {
    addMatrix('output.weight', mixedType, embedding, VOCABULARY, 3);
    const output = tensors.at(-1)?.data;
    const rowBytes = (output?.length ?? 0) / VOCABULARY;
    const [from, to] = options.unwritten ?? [0, 0];
    output?.fill(0, from * rowBytes, to * rowBytes);
  }
  if (options.frequencyFactors) {
    // Llama 3.1: high frequencies as they are, low ones slowed down, a ramp between.
    const floats = Float32Array.from({ length: headSize / 2 }, (_, i) =>
      Math.min(8, Math.max(1, i - headSize / 8)),
    );
    tensors.push({
      name: 'rope_freqs.weight',
      dimensions: [headSize / 2],
      type: 'F32',
      data: encodeFloats('F32', floats),
    });
  }

  const { tokens, types, scores } = createVocabulary(options.controlTokens ?? []);
  /** @type {import('./gguf-writer.mjs').GgufEntry[]} */
  const entries = [
    { key: 'general.architecture', type: 'str', value: architecture },
    { key: `${architecture}.context_length`, type: 'u32', value: options.contextTokens ?? 128 },
    { key: `${architecture}.embedding_length`, type: 'u32', value: embedding },
    { key: `${architecture}.block_count`, type: 'u32', value: layers },
    { key: `${architecture}.feed_forward_length`, type: 'u32', value: feedForward },
    { key: `${architecture}.attention.head_count`, type: 'u32', value: heads },
    { key: `${architecture}.attention.head_count_kv`, type: 'u32', value: kvHeads },
    { key: `${architecture}.attention.layer_norm_rms_epsilon`, type: 'f32', value: 1e-5 },
    { key: `${architecture}.rope.freq_base`, type: 'f32', value: frequencyBase },
    // Files of qwen2 leave it out: all dimensions are rotated.
    ...rotatedDimensions(architecture, headSize),
    { key: `${architecture}.vocab_size`, type: 'u32', value: VOCABULARY },
    { key: 'tokenizer.ggml.model', type: 'str', value: 'llama' },
    { key: 'tokenizer.ggml.tokens', array: 'str', value: tokens },
    { key: 'tokenizer.ggml.scores', array: 'f32', value: scores },
    { key: 'tokenizer.ggml.token_type', array: 'i32', value: types },
    { key: 'tokenizer.ggml.bos_token_id', type: 'u32', value: 1 },
    { key: 'tokenizer.ggml.eos_token_id', type: 'u32', value: 2 },
  ];
  if (headSize !== embedding / heads) {
    entries.push({ key: `${architecture}.attention.key_length`, type: 'u32', value: headSize });
    entries.push({ key: `${architecture}.attention.value_length`, type: 'u32', value: headSize });
  }
  if (options.linearScaling !== undefined) {
    entries.push({ key: `${architecture}.rope.scaling.type`, type: 'str', value: 'linear' });
    entries.push({ key: `${architecture}.rope.scaling.factor`, type: 'f32', value: options.linearScaling });
  }
  return encodeGguf({ entries, tensors });
}

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
};

/** Bytes of one of them. @param {string} name */
export function createNamedModel(name) {
  const options = RANDOM_MODELS[name];
  if (!options) throw new RangeError(`no model ${name}`);
  return createRandomModel(options);
}

/** The prompt of the fixture: every kind of token, 40 positions. */
export const RANDOM_PROMPT = Array.from({ length: 40 }, (_, index) =>
  index === 0 ? 1 : 3 + ((index * 97) % (VOCABULARY - 3)),
);

/** Positions whose logits the fixture keeps. */
export const KEPT_POSITIONS = [0, 1, 17, 39];
