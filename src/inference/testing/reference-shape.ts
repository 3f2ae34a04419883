import { readNumber, readOptionalNumber, readString } from '../gguf/metadata';
import type { GgufMetadata } from '../gguf/types';

/** Listed by hand, as everything here is: the reference must not ask what it checks. */
const HALVES: readonly string[] = [
  ...['qwen2', 'qwen3', 'gemma2', 'gemma3', 'gptneox', 'phi2', 'phi3', 'stablelm', 'falcon', 'starcoder2'],
  ...['olmo2', 'qwen3moe', 'olmoe'],
];
const GELU: readonly string[] = ['gemma2', 'gemma3', 'gpt2', 'gptneox', 'phi2', 'falcon', 'starcoder2'];
const GEMMA: readonly string[] = ['gemma2', 'gemma3'];
/** Blocks whose network reads what attention reads too, whatever their metadata say. */
const PARALLEL: readonly string[] = ['phi2', 'falcon'];

/** What testing/reference-forward.mjs must know of a model. */
export function readReferenceShape(metadata: GgufMetadata) {
  const architecture = readString(metadata, 'general.architecture');
  const read = (key: string) => readNumber(metadata, `${architecture}.${key}`);
  const readOptional = (key: string) => readOptionalNumber(metadata, `${architecture}.${key}`);
  const heads = read('attention.head_count');
  const layers = read('block_count');
  const width = read('embedding_length');
  const headSize = readOptional('attention.key_length') ?? width / heads;
  const frequencyBase = read('rope.freq_base');
  const scaling = metadata.get(`${architecture}.rope.scaling.type`);
  const factor = readOptional('rope.scaling.factor') ?? 1;
  const window = readOptional('attention.sliding_window') ?? 0;
  /** Every so many layers, the last sees all positions. */
  const period = { gemma2: 2, gemma3: 6, olmo2: 4 }[architecture] ?? 1;
  const isLocal = (layer: number) => window > 0 && layer % period < period - 1;
  return {
    layers,
    heads,
    kvHeads: read('attention.head_count_kv'),
    headSize,
    rotated: readOptional('rope.dimension_count') ?? headSize,
    epsilon: readOptional('attention.layer_norm_rms_epsilon') ?? read('attention.layer_norm_epsilon'),
    centred: metadata.has(`${architecture}.attention.layer_norm_epsilon`),
    frequencyBase,
    linearScaling: scaling === 'linear' ? factor : 1,
    yarn: scaling === 'yarn' ? { factor, context: read('rope.scaling.original_context_length') } : undefined,
    /** Contexts of the tests are of 64 tokens and more. */
    longFactors: scaling === 'longrope' && read('rope.scaling.original_context_length') < 64,
    magnitude: readOptional('rope.scaling.attn_factor') ?? 1,
    expertsUsed: readOptional('expert_used_count') ?? 0,
    expertsNormed: architecture !== 'olmoe',
    halves: HALVES.includes(architecture),
    gelu: GELU.includes(architecture),
    parallel:
      PARALLEL.includes(architecture) || metadata.get(`${architecture}.use_parallel_residual`) === true,
    windows: Array.from({ length: layers }, (_, layer) => (isLocal(layer) ? window : 0)),
    /** Layers with a RoPE of their own: its base, never stretched. */
    localBases: Array.from({ length: layers }, (_, layer) => {
      if (!isLocal(layer) || architecture === 'gemma2') return 0;
      return architecture === 'gemma3' ? (readOptional('rope.freq_base_swa') ?? 10_000) : frequencyBase;
    }),
    unrotated: Array.from(
      { length: layers },
      (_, layer) => architecture === 'gpt2' || (architecture === 'smollm3' && layer % 4 === 3),
    ),
    scoreScale: readOptional('attention.scale') ?? 1 / Math.sqrt(headSize),
    scoreCap: readOptional('attn_logit_softcapping') ?? 0,
    logitCap: readOptional('final_logit_softcapping') ?? 0,
    logitScale: 1 / (readOptional('logit_scale') ?? 1),
    residualScale: readOptional('residual_scale') ?? 1,
    embeddingScale: readOptional('embedding_scale') ?? (GEMMA.includes(architecture) ? Math.sqrt(width) : 1),
  };
}
