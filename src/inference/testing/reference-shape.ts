import { readNumber, readOptionalNumber, readString } from '../gguf/metadata';
import type { GgufMetadata } from '../gguf/types';

/** Architectures whose RoPE rotates i with i + n/2. Listed by hand: the reference must not ask what it checks. */
const HALVES: readonly string[] = ['qwen2'];

/** What testing/reference-forward.mjs must know of a model. */
export function readReferenceShape(metadata: GgufMetadata) {
  const architecture = readString(metadata, 'general.architecture');
  const read = (key: string) => readNumber(metadata, `${architecture}.${key}`);
  const readOptional = (key: string) => readOptionalNumber(metadata, `${architecture}.${key}`);
  const heads = read('attention.head_count');
  return {
    layers: read('block_count'),
    heads,
    kvHeads: read('attention.head_count_kv'),
    headSize: readOptional('attention.key_length') ?? read('embedding_length') / heads,
    epsilon: read('attention.layer_norm_rms_epsilon'),
    frequencyBase: read('rope.freq_base'),
    linearScaling: readOptional('rope.scaling.factor') ?? 1,
    halves: HALVES.includes(architecture),
  };
}
