// Tiny models with random weights: small enough to make in a test, complete enough for llama.cpp to run.

import { encodeGguf, TENSOR_TYPES } from './gguf-writer.mjs';
import { fileShapeOf } from './random-architectures.mjs';
import { createRandomData, encodeFloats } from './random-blocks.mjs';
import { RANDOM_MODELS } from './random-models.mjs';

/** @typedef {import('./random-models.mjs').RandomModelOptions} RandomModelOptions */

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

/** Files of some leave it out where all dimensions are rotated. @param {string} architecture @param {number} headSize @param {number} rotated @returns {import('./gguf-writer.mjs').GgufEntry[]} */
function rotatedDimensions(architecture, headSize, rotated) {
  if (rotated === 1 && architecture !== 'llama') return [];
  return [{ key: `${architecture}.rope.dimension_count`, type: 'u32', value: headSize * rotated }];
}

/** @param {string} architecture @param {readonly [number, number] | undefined} experts @param {number} width @returns {import('./gguf-writer.mjs').GgufEntry[]} */
function expertCounts(architecture, experts, width) {
  if (!experts) return [];
  return [
    { key: `${architecture}.expert_count`, type: 'u32', value: experts[0] },
    { key: `${architecture}.expert_used_count`, type: 'u32', value: experts[1] },
    { key: `${architecture}.expert_feed_forward_length`, type: 'u32', value: width },
  ];
}

/** How RoPE is stretched. @param {string} architecture @param {RandomModelOptions} options @returns {import('./gguf-writer.mjs').GgufEntry[]} */
function ropeScaling(architecture, { linearScaling, yarn, longrope }) {
  const at = `${architecture}.rope.scaling`;
  if (linearScaling !== undefined)
    return [
      { key: `${at}.type`, type: 'str', value: 'linear' },
      { key: `${at}.factor`, type: 'f32', value: linearScaling },
    ];
  if (yarn)
    return [
      { key: `${at}.type`, type: 'str', value: 'yarn' },
      { key: `${at}.factor`, type: 'f32', value: yarn[0] },
      { key: `${at}.original_context_length`, type: 'u32', value: yarn[1] },
    ];
  if (longrope === undefined) return [];
  return [
    { key: `${at}.type`, type: 'str', value: 'longrope' },
    { key: `${at}.original_context_length`, type: 'u32', value: longrope },
    { key: `${at}.attn_factor`, type: 'f32', value: 1.19 },
  ];
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
  const shape = { ...fileShapeOf(architecture), ...options.shape };
  const { biases = [], rotated = 1, norms, ownNetworkNorm = true } = shape;

  /** @type {import('./gguf-writer.mjs').GgufTensorData[]} */
  const tensors = [];
  let nextSeed = seed * 1000;
  /** @param {string} name @param {string} tensorType @param {number} columns @param {number} rows @param {number} gain */
  const addMatrix = (name, tensorType, columns, rows, gain) => {
    const data = createRandomData(tensorType, columns * rows, gain / Math.sqrt(columns), nextSeed++);
    tensors.push({ name, dimensions: [columns, rows], type: tensorType, data });
  };
  /** @param {string} name @param {readonly number[]} dimensions @param {number} spread @param {number} mean */
  const addVector = (name, dimensions, spread, mean) => {
    const count = dimensions.reduce((a, b) => a * b, 1);
    const noise = createRandomData('F32', count, spread, nextSeed++);
    const floats = new Float32Array(noise.buffer).map((value) => value + mean);
    tensors.push({ name, dimensions, type: 'F32', data: encodeFloats('F32', floats) });
  };
  /** @param {string} name without its ending */
  const addNorm = (name, dimensions = [embedding], hasBias = shape.norm === 'layer') => {
    addVector(`${name}.weight`, dimensions, 0.2, 1);
    if (hasBias) addVector(`${name}.bias`, dimensions, 0.3, 0);
  };
  /** @param {'qkv' | 'o' | 'network' | 'output'} kind @param {string} name @param {number} rows */
  const addBias = (kind, name, rows) => {
    if (biases.includes(kind)) addVector(`${name}.bias`, [rows], kind === 'qkv' ? 1 : 0.3, 0);
  };
  /** @param {string} name @param {string} tensorType @param {number} columns @param {number} rows @param {number} count */
  const addStack = (name, tensorType, columns, rows, count) => {
    addMatrix(name, tensorType, columns, rows * count, 1.5);
    const last = tensors.at(-1);
    if (last) last.dimensions = [columns, rows, count];
  };
  const queries = heads * headSize;
  const keys = kvHeads * headSize;
  /** @param {string} block */
  const addAttention = (block) => {
    if (shape.fusedQkv) {
      addMatrix(`${block}.attn_qkv.weight`, type, embedding, queries + 2 * keys, 1.5);
      addBias('qkv', `${block}.attn_qkv`, queries + 2 * keys);
    } else {
      addMatrix(`${block}.attn_q.weight`, type, embedding, queries, 1.5);
      addMatrix(`${block}.attn_k.weight`, type, embedding, keys, 1.5);
      addMatrix(`${block}.attn_v.weight`, mixedType, embedding, keys, 1);
      addBias('qkv', `${block}.attn_q`, queries);
      addBias('qkv', `${block}.attn_k`, keys);
      addBias('qkv', `${block}.attn_v`, keys);
    }
    const { queryKeyNorm } = shape;
    if (queryKeyNorm) {
      /** @param {number} count */
      const dimensions = (count) =>
        queryKeyNorm === 'head'
          ? [headSize]
          : queryKeyNorm === 'row'
            ? [count * headSize]
            : [headSize, count];
      addNorm(`${block}.attn_q_norm`, dimensions(heads), false);
      addNorm(`${block}.attn_k_norm`, dimensions(kvHeads), false);
    }
    addMatrix(`${block}.attn_output.weight`, type, queries, embedding, 1);
    addBias('o', `${block}.attn_output`, embedding);
  };
  /** @param {string} block */
  const addNetwork = (block) => {
    if (shape.experts) {
      const [count] = shape.experts;
      addMatrix(`${block}.ffn_gate_inp.weight`, 'F32', embedding, count, 2);
      addStack(`${block}.ffn_gate_exps.weight`, type, embedding, feedForward, count);
      addStack(`${block}.ffn_up_exps.weight`, type, embedding, feedForward, count);
      addStack(`${block}.ffn_down_exps.weight`, mixedType, feedForward, embedding, count);
      return;
    }
    if (shape.gate === 'own') addMatrix(`${block}.ffn_gate.weight`, type, embedding, feedForward, 1.5);
    const rows = shape.gate === 'fused' ? 2 * feedForward : feedForward;
    addMatrix(`${block}.ffn_up.weight`, type, embedding, rows, 1);
    addBias('network', `${block}.ffn_up`, rows);
    addMatrix(`${block}.ffn_down.weight`, mixedType, feedForward, embedding, 1);
    addBias('network', `${block}.ffn_down`, embedding);
  };

  addMatrix(
    'token_embd.weight',
    type,
    embedding,
    VOCABULARY,
    Math.sqrt(embedding) * (shape.embeddingGain ?? 1),
  );
  if (shape.learnedPositions)
    addMatrix('position_embd.weight', 'F32', embedding, options.contextTokens ?? 128, Math.sqrt(embedding));
  for (let layer = 0; layer < layers; layer++) {
    const block = `blk.${layer}`;
    if (norms.includes('before')) addNorm(`${block}.attn_norm`);
    if (shape.secondNorm) addNorm(`${block}.attn_norm_2`);
    addAttention(block);
    if (norms.includes('after')) addNorm(`${block}.post_attention_norm`);
    if (norms.includes('before') && ownNetworkNorm) addNorm(`${block}.ffn_norm`);
    addNetwork(block);
    if (norms.includes('after')) addNorm(`${block}.post_ffw_norm`);
  }
  addNorm('output_norm');
  if (!tied) {
    addMatrix('output.weight', mixedType, embedding, VOCABULARY, 3);
    const output = tensors.at(-1)?.data;
    const rowBytes = (output?.length ?? 0) / VOCABULARY;
    const [from, to] = options.unwritten ?? [0, 0];
    output?.fill(0, from * rowBytes, to * rowBytes);
    addBias('output', 'output', VOCABULARY);
  }
  if (options.longrope !== undefined) {
    addVector('rope_factors_long.weight', [(headSize * rotated) / 2], 1, 4);
    addVector('rope_factors_short.weight', [(headSize * rotated) / 2], 0.1, 1.2);
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
    {
      key: `${architecture}.attention.layer_norm_${shape.norm === 'rms' ? 'rms_' : ''}epsilon`,
      type: 'f32',
      value: 1e-5,
    },
    { key: `${architecture}.rope.freq_base`, type: 'f32', value: frequencyBase },
    ...rotatedDimensions(architecture, headSize, rotated),
    ...expertCounts(architecture, shape.experts, feedForward),
    ...(shape.entries ?? []).map((entry) => ({ ...entry, key: `${architecture}.${entry.key}` })),
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
  entries.push(...ropeScaling(architecture, options));
  return encodeGguf({ entries, tensors });
}

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
