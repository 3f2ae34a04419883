// The forward pass of every architecture in plain JavaScript on dequantised weights, position by position: slow, obvious,
// exact. What a block has is seen from its tensors; the rest is in reference-shape.ts.

import { dequantise } from './dequantise.mjs';

/**
 * @typedef {{ name: string, dimensions: readonly number[], type: string, data: Uint8Array }} Tensor
 * @typedef {ReturnType<typeof import('./reference-shape').readReferenceShape>} Shape
 * @typedef {{ weights: Float32Array, dimensions: readonly number[] }} Weights
 */

/** @param {Float32Array} matrix @param {Float64Array} input @param {number} rows @param {number} firstRow */
function multiply(matrix, input, rows, firstRow) {
  const columns = input.length;
  const output = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    const at = (firstRow + row) * columns;
    for (let column = 0; column < columns; column++) sum += (matrix[at + column] ?? 0) * (input[column] ?? 0);
    output[row] = sum;
  }
  return output;
}

/**
 * Root mean square, or mean and variance where the model's norms are `centred`.
 * @param {Float64Array} input @param {Float32Array} weight @param {Float32Array | undefined} bias @param {Shape} shape
 */
function normalise(input, weight, bias, { epsilon, centred }) {
  const mean = centred ? input.reduce((sum, value) => sum + value, 0) / input.length : 0;
  const variance = input.reduce((sum, value) => sum + (value - mean) ** 2, 0) / input.length;
  const scale = 1 / Math.sqrt(variance + epsilon);
  return input.map((value, index) => (value - mean) * scale * (weight[index] ?? 0) + (bias?.[index] ?? 0));
}

/** `change` applied to every head of a vector. @param {Float64Array} vector @param {number} size @param {(head: Float64Array, index: number) => Float64Array} change */
function forEachHead(vector, size, change) {
  for (let head = 0; head < vector.length; head += size)
    vector.set(change(vector.slice(head, head + size), head / size), head);
}

/** YaRN's frequency of a pair: stretched, kept, or between (arXiv 2309.00071, with alpha 1 and beta 32). @param {number} pair @param {Shape} shape */
function yarnFrequency(pair, { rotated, frequencyBase, yarn }) {
  const frequency = frequencyBase ** ((-2 * pair) / rotated);
  if (!yarn) return frequency;
  const pairAt = (/** @type {number} */ turns) =>
    (rotated * Math.log(yarn.context / (2 * Math.PI * turns))) / (2 * Math.log(frequencyBase));
  const low = Math.max(0, Math.floor(pairAt(32)));
  const high = Math.min(rotated - 1, Math.ceil(pairAt(1)));
  const ramp = Math.min(1, Math.max(0, (pair - low) / Math.max(0.001, high - low)));
  return (1 - ramp) * frequency + (ramp * frequency) / yarn.factor;
}

/** Rotates neighbouring pairs as `llama` models store them, or pairs of the two halves of what is rotated. @param {Float64Array} vector @param {number} position @param {number} layer @param {Shape} shape @param {Float32Array | undefined} factors */
function rotate(vector, position, layer, shape, factors) {
  const { headSize, rotated, halves, linearScaling, yarn } = shape;
  if (shape.unrotated[layer]) return;
  const localBase = shape.localBases[layer] ?? 0;
  const temperature = yarn ? 0.1 * Math.log(yarn.factor) + 1 : 1;
  const magnitude = localBase > 0 ? 1 : shape.magnitude * temperature;
  for (let head = 0; head < vector.length; head += headSize) {
    for (let pair = 0; pair < rotated / 2; pair++) {
      const frequency =
        localBase > 0
          ? localBase ** ((-2 * pair) / rotated)
          : yarnFrequency(pair, shape) / (factors?.[pair] ?? 1) / linearScaling;
      const sine = Math.sin(position * frequency) * magnitude;
      const cosine = Math.cos(position * frequency) * magnitude;
      const first = head + (halves ? pair : 2 * pair);
      const second = first + (halves ? rotated / 2 : 1);
      const [x = 0, y = 0] = [vector[first], vector[second]];
      vector[first] = x * cosine - y * sine;
      vector[second] = x * sine + y * cosine;
    }
  }
}

const cap = (/** @type {number} */ value, /** @type {number} */ most) =>
  most > 0 ? most * Math.tanh(value / most) : value;

/** @param {Float64Array} query @param {Float64Array[]} keys @param {Float64Array[]} values @param {number} window @param {Shape} shape */
function attend(query, keys, values, window, { heads, kvHeads, headSize, scoreScale, scoreCap }) {
  const output = new Float64Array(heads * headSize);
  const firstSeen = window > 0 ? Math.max(0, keys.length - window) : 0;
  for (let head = 0; head < heads; head++) {
    const from = Math.floor(head / (heads / kvHeads)) * headSize;
    const scores = keys.map((key, at) => {
      if (at < firstSeen) return -Infinity;
      let sum = 0;
      for (let i = 0; i < headSize; i++) sum += (query[head * headSize + i] ?? 0) * (key[from + i] ?? 0);
      return cap(sum * scoreScale, scoreCap);
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

/** SiLU, or GELU in its form with tanh. @param {number} x @param {boolean} gelu */
function activate(x, gelu) {
  if (!gelu) return x / (1 + Math.exp(-x));
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/**
 * Logits at every position of a prompt.
 * @param {readonly Tensor[]} tensors @param {Shape} shape @param {readonly number[]} prompt
 * @returns {Float64Array[]}
 */
export function computeReferenceLogits(tensors, shape, prompt) {
  /** @type {Map<string, Weights>} */
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
  const biasOf = (/** @type {string} */ name) => all.get(name.replace(/weight$/, 'bias'))?.weights;
  /** A matrix, or some rows of it, times a vector. @param {string} name @param {Float64Array} input @param {readonly [number, number]} [rows] */
  const apply = (name, input, [from, to] = [0, get(name).dimensions[1] ?? 1]) => {
    const bias = biasOf(name);
    return multiply(get(name).weights, input, to - from, from).map(
      (sum, row) => sum + (bias?.[from + row] ?? 0),
    );
  };
  const norm = (/** @type {string} */ name, /** @type {Float64Array} */ input) =>
    normalise(input, get(name).weights, biasOf(name), shape);
  const add = (/** @type {Float64Array} */ a, /** @type {Float64Array} */ b) =>
    a.map((x, i) => x + (b[i] ?? 0) * shape.residualScale);
  const factors =
    all.get('rope_freqs.weight') ?? all.get(`rope_factors_${shape.longFactors ? 'long' : 'short'}.weight`);
  const output = all.has('output.weight') ? 'output.weight' : 'token_embd.weight';
  const embedding = get('token_embd.weight');
  const width = embedding.dimensions[0] ?? 0;
  const row = (/** @type {Weights} */ { weights }, /** @type {number} */ index) =>
    Float64Array.from(weights.subarray(index * width, (index + 1) * width));
  const { heads, kvHeads, headSize } = shape;

  /** Queries, keys and values: matrices of their own, or rows of one. @param {string} block @param {Float64Array} input */
  const project = (block, input) => {
    if (!all.has(`${block}.attn_qkv.weight`))
      return ['q', 'k', 'v'].map((name) => apply(`${block}.attn_${name}.weight`, input));
    const [q, k] = [heads * headSize, (heads + kvHeads) * headSize];
    return [
      [0, q],
      [q, k],
      [k, k + kvHeads * headSize],
    ].map(([from = 0, to = 0]) => apply(`${block}.attn_qkv.weight`, input, [from, to]));
  };
  /** Heads normalised by one weight for all or one for each, or the whole vector. @param {string} name @param {Float64Array} vector */
  const normaliseHeads = (name, vector) => {
    const weights = all.get(name)?.weights;
    if (!weights) return vector;
    if (weights.length === vector.length && !shape.centred)
      return normalise(vector, weights, undefined, shape);
    forEachHead(vector, headSize, (head, index) => {
      const own = weights.length === headSize ? weights : weights.subarray(index * headSize);
      return normalise(head, own, undefined, shape);
    });
    return vector;
  };
  /** The likeliest experts of a softmax, each a gated network of its own, added by weight. @param {string} block @param {Float64Array} input */
  const mixture = (block, input) => {
    const scores = apply(`${block}.ffn_gate_inp.weight`, input);
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    const chosen = Array.from(scores, (score, expert) => ({ expert, weight: Math.exp(score) / total }))
      .toSorted((a, b) => b.weight - a.weight)
      .slice(0, shape.expertsUsed);
    const sum = shape.expertsNormed ? chosen.reduce((all, { weight }) => all + weight, 0) : 1;
    const made = new Float64Array(width);
    for (const { expert, weight } of chosen) {
      /** @param {string} name @param {Float64Array} values */
      const product = (name, values) => {
        const { weights, dimensions } = get(`${block}.ffn_${name}_exps.weight`);
        const rows = dimensions[1] ?? 0;
        return multiply(weights, values, rows, expert * rows);
      };
      const up = product('up', input);
      const hidden = product('gate', input).map((x, i) => activate(x, shape.gelu) * (up[i] ?? 0));
      product('down', hidden).forEach((x, i) => (made[i] = (made[i] ?? 0) + (x * weight) / sum));
    }
    return made;
  };
  /** @param {string} block @param {Float64Array} input */
  const network = (block, input) => {
    if (all.has(`${block}.ffn_gate_inp.weight`)) return mixture(block, input);
    const names = { gate: `${block}.ffn_gate.weight`, up: `${block}.ffn_up.weight` };
    const hidden = get(`${block}.ffn_down.weight`).dimensions[0] ?? 0;
    const fused = get(names.up).dimensions[1] === 2 * hidden;
    const up = apply(names.up, input, fused ? [hidden, 2 * hidden] : [0, hidden]);
    const gate = fused
      ? apply(names.up, input, [0, hidden])
      : all.has(names.gate)
        ? apply(names.gate, input)
        : undefined;
    const activated = (gate ?? up).map((x, i) => activate(x, shape.gelu) * (gate ? (up[i] ?? 0) : 1));
    return apply(`${block}.ffn_down.weight`, activated);
  };

  /** @type {{ keys: Float64Array[], values: Float64Array[] }[]} */
  const cache = Array.from({ length: shape.layers }, () => ({ keys: [], values: [] }));
  return prompt.map((token, position) => {
    let state = row(embedding, token).map((x) => x * shape.embeddingScale);
    const learned = all.get('position_embd.weight');
    if (learned) state = state.map((x, i) => x + (row(learned, position)[i] ?? 0));
    for (const [layer, { keys, values }] of cache.entries()) {
      const block = `blk.${layer}`;
      const has = (/** @type {string} */ name) => all.has(`${block}.${name}.weight`);
      const before = state;
      const first = has('attn_norm') ? norm(`${block}.attn_norm.weight`, state) : state;
      const input = has('attn_norm_2') ? norm(`${block}.attn_norm_2.weight`, state) : first;
      const [q, k, v] = project(block, input);
      if (!q || !k || !v) throw new Error('three projections');
      const query = normaliseHeads(`${block}.attn_q_norm.weight`, q);
      const key = normaliseHeads(`${block}.attn_k_norm.weight`, k);
      rotate(query, position, layer, shape, factors?.weights);
      rotate(key, position, layer, shape, factors?.weights);
      keys.push(key);
      values.push(v);
      const seen = attend(query, keys, values, shape.windows[layer] ?? 0, shape);
      const attended = apply(`${block}.attn_output.weight`, seen);
      state = add(
        state,
        has('post_attention_norm') ? norm(`${block}.post_attention_norm.weight`, attended) : attended,
      );
      // Without a norm of its own the network reads attention's input.
      const isParallel = shape.parallel || (has('attn_norm') && !has('ffn_norm'));
      const read = isParallel ? before : state;
      const middle = has('ffn_norm') ? norm(`${block}.ffn_norm.weight`, read) : isParallel ? first : read;
      const made = network(block, middle);
      state = add(state, has('post_ffw_norm') ? norm(`${block}.post_ffw_norm.weight`, made) : made);
    }
    const logits = apply(output, norm('output_norm.weight', state));
    return logits.map((logit) => cap(logit * shape.logitScale, shape.logitCap));
  });
}
