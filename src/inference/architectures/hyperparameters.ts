import { readNumber, readOptionalNumber, readOptionalString, readString } from '../gguf/metadata';
import { InferenceError } from '../errors';
import type { GgufMetadata } from '../gguf/types';

/** Sizes and constants of a llama model, checked to be sane. */
export interface Hyperparameters {
  readonly architecture: 'llama';
  readonly layers: number;
  readonly dim: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly ffn: number;
  readonly trainedContext: number;
  readonly epsilon: number;
  readonly ropeDim: number;
  readonly ropeBase: number;
  /** Positions are divided by this. */
  readonly ropeLinear: number;
}

function positive(metadata: GgufMetadata, key: string, most: number, fallback?: number): number {
  const value =
    fallback === undefined ? readNumber(metadata, key) : (readOptionalNumber(metadata, key) ?? fallback);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new InferenceError(
      'bad-file',
      `metadata '${key}' is ${value}, not a whole number from 1 to ${most}`,
    );
  }
  return value;
}

function readRopeLinear(metadata: GgufMetadata): number {
  const type = readOptionalString(metadata, 'llama.rope.scaling.type') ?? 'none';
  if (type !== 'none' && type !== 'linear') throw new InferenceError('unsupported', `RoPE scaling '${type}'`);
  const factor =
    readOptionalNumber(metadata, 'llama.rope.scaling.factor') ??
    readOptionalNumber(metadata, 'llama.rope.scale_linear') ??
    1;
  if (!(factor >= 0 && factor <= 1e6))
    throw new InferenceError('bad-file', `the RoPE scaling factor is ${factor}`);
  return type === 'none' && metadata.has('llama.rope.scaling.type') ? 1 : factor || 1;
}

/** Throws `unsupported` with the name of what this engine lacks, `bad-file` for contradictions. */
export function readHyperparameters(metadata: GgufMetadata): Hyperparameters {
  const architecture = readString(metadata, 'general.architecture');
  if (architecture !== 'llama') throw new InferenceError('unsupported', `the architecture '${architecture}'`);
  const experts = readOptionalNumber(metadata, 'llama.expert_count') ?? 0;
  if (experts > 0) throw new InferenceError('unsupported', `a mixture of ${experts} experts`);
  for (const key of [
    'llama.feed_forward_length',
    'llama.attention.head_count',
    'llama.attention.head_count_kv',
  ]) {
    if (typeof metadata.get(key) === 'object') throw new InferenceError('unsupported', `'${key}' per layer`);
  }
  const dim = positive(metadata, 'llama.embedding_length', 1 << 16);
  const heads = positive(metadata, 'llama.attention.head_count', 1024);
  const kvHeads = positive(metadata, 'llama.attention.head_count_kv', 1024, heads);
  if (heads % kvHeads !== 0)
    throw new InferenceError('bad-file', `${heads} heads cannot share ${kvHeads} KV heads`);
  if (!metadata.has('llama.attention.key_length') && dim % heads !== 0) {
    throw new InferenceError('bad-file', `${heads} heads do not divide ${dim}`);
  }
  const headDim = positive(metadata, 'llama.attention.key_length', 1024, dim / heads);
  const valueDim = positive(metadata, 'llama.attention.value_length', 1024, headDim);
  if (valueDim !== headDim)
    throw new InferenceError('unsupported', `values of ${valueDim} for keys of ${headDim}`);
  const ropeDim = positive(metadata, 'llama.rope.dimension_count', 1024, headDim);
  if (ropeDim > headDim)
    throw new InferenceError('bad-file', `RoPE over ${ropeDim} of ${headDim} dimensions`);
  if (headDim % 4 !== 0 || ropeDim % 4 !== 0) {
    throw new InferenceError('unsupported', `heads of ${headDim} with RoPE over ${ropeDim} dimensions`);
  }
  const epsilon = readNumber(metadata, 'llama.attention.layer_norm_rms_epsilon');
  const ropeBase = readOptionalNumber(metadata, 'llama.rope.freq_base') ?? 10_000;
  if (!(epsilon >= 0 && epsilon < 1))
    throw new InferenceError('bad-file', `the norm's epsilon is ${epsilon}`);
  if (!(ropeBase > 0 && ropeBase < 1e12))
    throw new InferenceError('bad-file', `the RoPE base is ${ropeBase}`);
  return {
    architecture,
    layers: positive(metadata, 'llama.block_count', 512),
    dim,
    heads,
    kvHeads,
    headDim,
    ffn: positive(metadata, 'llama.feed_forward_length', 1 << 20),
    trainedContext: positive(metadata, 'llama.context_length', 1 << 24, 2048),
    epsilon,
    ropeDim,
    ropeBase,
    ropeLinear: readRopeLinear(metadata),
  };
}

/**
 * cos and sin of every position: per position cos cos .. then -sin sin .., pairs interleaved as GGUF's llama
 * stores them. `divisors` are Llama 3's frequency factors.
 */
export function ropeTable(h: Hyperparameters, positions: number, divisors?: Float32Array): Float32Array {
  const n = h.ropeDim;
  const table = new Float32Array(positions * 2 * n);
  for (let pair = 0; pair < n / 2; pair++) {
    const frequency = h.ropeBase ** ((-2 * pair) / n) / (divisors?.[pair] ?? 1) / h.ropeLinear;
    for (let position = 0; position < positions; position++) {
      const at = position * 2 * n + 2 * pair;
      const cos = Math.cos(position * frequency);
      const sin = Math.sin(position * frequency);
      table[at] = cos;
      table[at + 1] = cos;
      table[at + n] = -sin;
      table[at + n + 1] = sin;
    }
  }
  return table;
}
