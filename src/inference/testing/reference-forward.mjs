// The forward pass of LLaMA and Qwen2 in plain JavaScript on dequantised weights, position by position: slow, obvious, exact.

import { dequantise } from './dequantise.mjs';

/**
 * @typedef {{ name: string, dimensions: readonly number[], type: string, data: Uint8Array }} Tensor
 * @typedef {object} Shape
 * @property {number} layers @property {number} heads @property {number} kvHeads @property {number} headSize
 * @property {number} epsilon @property {number} frequencyBase @property {number} linearScaling
 * @property {boolean} [halves] whether RoPE rotates i with i + headSize/2, not neighbours
 */

/** @param {Float32Array} matrix @param {Float64Array} input @param {number} rows */
function multiply(matrix, input, rows) {
  const columns = input.length;
  const output = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      sum += (matrix[row * columns + column] ?? 0) * (input[column] ?? 0);
    }
    output[row] = sum;
  }
  return output;
}

/** @param {Float64Array} input @param {Float32Array} weight @param {number} epsilon */
function normalise(input, weight, epsilon) {
  const square = input.reduce((sum, value) => sum + value * value, 0) / input.length;
  const scale = 1 / Math.sqrt(square + epsilon);
  return input.map((value, index) => value * scale * (weight[index] ?? 0));
}

/** Rotates neighbouring pairs as `llama` models store them, or pairs of the head's two halves as `qwen2` has them. @param {Float64Array} vector @param {number} position @param {Shape} shape @param {Float32Array | undefined} factors */
function rotate(vector, position, { headSize, frequencyBase, linearScaling, halves = false }, factors) {
  for (let head = 0; head < vector.length; head += headSize) {
    for (let pair = 0; pair < headSize / 2; pair++) {
      const frequency = frequencyBase ** ((-2 * pair) / headSize) / (factors?.[pair] ?? 1) / linearScaling;
      const [sine, cosine] = [Math.sin(position * frequency), Math.cos(position * frequency)];
      const first = head + (halves ? pair : 2 * pair);
      const second = first + (halves ? headSize / 2 : 1);
      const [x = 0, y = 0] = [vector[first], vector[second]];
      vector[first] = x * cosine - y * sine;
      vector[second] = x * sine + y * cosine;
    }
  }
}

/** @param {Float64Array} query @param {Float64Array[]} keys @param {Float64Array[]} values @param {Shape} shape */
function attend(query, keys, values, { heads, kvHeads, headSize }) {
  const output = new Float64Array(heads * headSize);
  for (let head = 0; head < heads; head++) {
    const from = Math.floor(head / (heads / kvHeads)) * headSize;
    const scores = keys.map((key) => {
      let sum = 0;
      for (let i = 0; i < headSize; i++) sum += (query[head * headSize + i] ?? 0) * (key[from + i] ?? 0);
      return sum / Math.sqrt(headSize);
    });
    const greatest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - greatest));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [at, weight] of weights.entries()) {
      for (let i = 0; i < headSize; i++) {
        const to = head * headSize + i;
        output[to] = (output[to] ?? 0) + (weight / total) * (values[at]?.[from + i] ?? 0);
      }
    }
  }
  return output;
}

/**
 * Logits at every position of a prompt.
 * @param {readonly Tensor[]} tensors @param {Shape} shape @param {readonly number[]} prompt
 * @returns {Float64Array[]}
 */
export function computeReferenceLogits(tensors, shape, prompt) {
  /** @type {Map<string, { weights: Float32Array, dimensions: readonly number[] }>} */
  const all = new Map(
    tensors.map(({ name, type, data, dimensions }) => [
      name,
      { weights: dequantise(type, data), dimensions },
    ]),
  );
  const get = (/** @type {string} */ name) => {
    const found = all.get(name);
    if (!found) throw new Error(`no tensor ${name}`);
    return found;
  };
  const apply = (/** @type {string} */ name, /** @type {Float64Array} */ input) => {
    const { weights, dimensions } = get(name);
    const bias = all.get(name.replace(/weight$/, 'bias'))?.weights;
    return multiply(weights, input, dimensions[1] ?? 1).map((sum, row) => sum + (bias?.[row] ?? 0));
  };
  const add = (/** @type {Float64Array} */ a, /** @type {Float64Array} */ b) =>
    a.map((x, i) => x + (b[i] ?? 0));
  const factors = all.get('rope_freqs.weight')?.weights;
  const output = all.has('output.weight') ? 'output.weight' : 'token_embd.weight';
  const embedding = get('token_embd.weight');
  const width = embedding.dimensions[0] ?? 0;
  /** @type {{ keys: Float64Array[], values: Float64Array[] }[]} */
  const cache = Array.from({ length: shape.layers }, () => ({ keys: [], values: [] }));

  return prompt.map((token, position) => {
    let state = Float64Array.from(embedding.weights.subarray(token * width, (token + 1) * width));
    for (const [layer, { keys, values }] of cache.entries()) {
      const block = `blk.${layer}`;
      const input = normalise(state, get(`${block}.attn_norm.weight`).weights, shape.epsilon);
      const query = apply(`${block}.attn_q.weight`, input);
      const key = apply(`${block}.attn_k.weight`, input);
      rotate(query, position, shape, factors);
      rotate(key, position, shape, factors);
      keys.push(key);
      values.push(apply(`${block}.attn_v.weight`, input));
      state = add(state, apply(`${block}.attn_output.weight`, attend(query, keys, values, shape)));
      const middle = normalise(state, get(`${block}.ffn_norm.weight`).weights, shape.epsilon);
      const gate = apply(`${block}.ffn_gate.weight`, middle);
      const up = apply(`${block}.ffn_up.weight`, middle);
      const hidden = gate.map((x, i) => (x / (1 + Math.exp(-x))) * (up[i] ?? 0));
      state = add(state, apply(`${block}.ffn_down.weight`, hidden));
    }
    return apply(output, normalise(state, get('output_norm.weight').weights, shape.epsilon));
  });
}
