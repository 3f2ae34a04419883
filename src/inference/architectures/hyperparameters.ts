import { readNumber, readOptionalNumber, readOptionalString } from '../gguf/metadata';
import { InferenceError } from '../errors';
import type { GgufMetadata } from '../gguf/types';
import type { BlockFacts, Hyperparameters } from './architecture';

const MOST_EXPERTS = 512;

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

/** Width of the network, or of each expert. */
function readNetworkSize(metadata: GgufMetadata, architecture: string, hasExperts: boolean): number {
  const ofExpert = `${architecture}.expert_feed_forward_length`;
  const ofNetwork = `${architecture}.feed_forward_length`;
  return positive(metadata, hasExperts && metadata.has(ofExpert) ? ofExpert : ofNetwork, 1 << 20);
}

function readExperts(metadata: GgufMetadata, architecture: string, experts: number) {
  if (experts === 0) return { experts: 0, expertsUsed: 0 };
  for (const kind of ['expert_shared_count', 'expert_shared_feed_forward_length', 'expert_group_count']) {
    const count = readOptionalNumber(metadata, `${architecture}.${kind}`) ?? 0;
    if (count > 0) throw new InferenceError('unsupported', `'${kind}' of ${count}`);
  }
  return {
    experts: positive(metadata, `${architecture}.expert_count`, MOST_EXPERTS),
    expertsUsed: positive(metadata, `${architecture}.expert_used_count`, experts),
  };
}

interface RopeScaling {
  readonly ropeLinear: number;
  readonly yarn: boolean;
  readonly ropeMagnitude: number;
}

function readRopeScaling(metadata: GgufMetadata, architecture: string): RopeScaling {
  const at = `${architecture}.rope.scaling`;
  const type = readOptionalString(metadata, `${at}.type`) ?? 'linear';
  if (!['none', 'linear', 'yarn', 'longrope'].includes(type))
    throw new InferenceError('unsupported', `RoPE scaling '${type}'`);
  const factor =
    readOptionalNumber(metadata, `${at}.factor`) ??
    readOptionalNumber(metadata, `${architecture}.rope.scale_linear`) ??
    1;
  if (!(factor >= 0 && factor <= 1e6))
    throw new InferenceError('bad-file', `the RoPE scaling factor is ${factor}`);
  const magnitude = readOptionalNumber(metadata, `${at}.attn_factor`) ?? 1;
  if (!(magnitude > 0 && magnitude < 1e3))
    throw new InferenceError('bad-file', `the RoPE attention factor is ${magnitude}`);
  // A type that says `none` overrules a factor, and a factor of 0 stands for none.
  const ropeLinear = type === 'none' || factor === 0 ? 1 : factor;
  const yarn = type === 'yarn';
  // YaRN's "attention temperature", eq. 22.
  const temperature = yarn && ropeLinear > 1 ? 0.1 * Math.log(ropeLinear) + 1 : 1;
  return { ropeLinear, yarn, ropeMagnitude: magnitude * temperature };
}

/**
 * Reads the sizes under the keys that decoders share, `<architecture>.*` (ggml, docs/gguf.md).
 * Throws `unsupported` with the name of what this engine lacks, `bad-file` for contradictions.
 */
export function readHyperparameters(
  metadata: GgufMetadata,
  architecture: string,
  { norm = 'rms', allowsExperts = false }: { norm?: BlockFacts['norm']; allowsExperts?: boolean } = {},
): Hyperparameters {
  const experts = readOptionalNumber(metadata, `${architecture}.expert_count`) ?? 0;
  if (experts !== 0 && !allowsExperts)
    throw new InferenceError('unsupported', `a mixture of ${experts} experts`);
  for (const key of [
    `${architecture}.feed_forward_length`,
    `${architecture}.attention.head_count`,
    `${architecture}.attention.head_count_kv`,
  ]) {
    if (typeof metadata.get(key) === 'object') throw new InferenceError('unsupported', `'${key}' per layer`);
  }
  const dim = positive(metadata, `${architecture}.embedding_length`, 1 << 16);
  const heads = positive(metadata, `${architecture}.attention.head_count`, 1024);
  const kvHeads = positive(metadata, `${architecture}.attention.head_count_kv`, 1024, heads);
  if (heads % kvHeads !== 0)
    throw new InferenceError('bad-file', `${heads} heads cannot share ${kvHeads} KV heads`);
  if (!metadata.has(`${architecture}.attention.key_length`) && dim % heads !== 0) {
    throw new InferenceError('bad-file', `${heads} heads do not divide ${dim}`);
  }
  const headDim = positive(metadata, `${architecture}.attention.key_length`, 1024, dim / heads);
  const valueDim = positive(metadata, `${architecture}.attention.value_length`, 1024, headDim);
  if (valueDim !== headDim)
    throw new InferenceError('unsupported', `values of ${valueDim} for keys of ${headDim}`);
  const ropeDim = positive(metadata, `${architecture}.rope.dimension_count`, 1024, headDim);
  if (ropeDim > headDim)
    throw new InferenceError('bad-file', `RoPE over ${ropeDim} of ${headDim} dimensions`);
  if (headDim % 4 !== 0 || ropeDim % 4 !== 0) {
    throw new InferenceError('unsupported', `heads of ${headDim} with RoPE over ${ropeDim} dimensions`);
  }
  for (const [key, most] of [
    ['attention.key_length', headDim],
    ['attention.value_length', headDim],
    ['rope.dimension_count', ropeDim],
  ] as const) {
    const local = readOptionalNumber(metadata, `${architecture}.${key}_swa`) ?? most;
    if (local !== most) throw new InferenceError('unsupported', `'${key}' of ${local} in local layers`);
  }
  const epsilonKey = norm === 'rms' ? 'layer_norm_rms_epsilon' : 'layer_norm_epsilon';
  const epsilon = readNumber(metadata, `${architecture}.attention.${epsilonKey}`);
  const ropeBase = readOptionalNumber(metadata, `${architecture}.rope.freq_base`) ?? 10_000;
  if (!(epsilon >= 0 && epsilon < 1))
    throw new InferenceError('bad-file', `the norm's epsilon is ${epsilon}`);
  if (!(ropeBase > 0 && ropeBase < 1e12))
    throw new InferenceError('bad-file', `the RoPE base is ${ropeBase}`);
  const trainedContext = positive(metadata, `${architecture}.context_length`, 1 << 24, 2048);
  const originalKey = `${architecture}.rope.scaling.original_context_length`;
  return {
    layers: positive(metadata, `${architecture}.block_count`, 512),
    dim,
    heads,
    kvHeads,
    headDim,
    ffn: readNetworkSize(metadata, architecture, experts > 0),
    ...readExperts(metadata, architecture, experts),
    trainedContext,
    epsilon,
    ropeDim,
    ropeBase,
    ropeLocalBase: ropeBase,
    ...readRopeScaling(metadata, architecture),
    originalContext: positive(metadata, originalKey, 1 << 24, trainedContext),
  };
}
