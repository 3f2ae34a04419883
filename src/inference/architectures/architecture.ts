import type { GgufMetadata } from '../gguf/types';
import type { ModelWeights, TensorSet } from './weights';

/** How a block computes. A backend refuses what it lacks, by the fact and never by the architecture's name. */
export interface BlockFacts {
  /** Root mean square, or mean and variance. */
  readonly norm: 'rms' | 'layer';
  /** Whether what goes into attention and feed-forward is normalised, what comes out, or both. */
  readonly normPlace: 'before' | 'after' | 'both';
  /** Whether attention and feed-forward read the same input and are added together. */
  readonly parallelResidual: boolean;
  /** Pairs that RoPE rotates, of n dimensions: (2i, 2i+1), or (i, i + n/2) as GPT-NeoX has it. */
  readonly rope: 'interleaved' | 'half';
  /** Of the feed-forward network's gate. */
  readonly activation: 'silu' | 'gelu';
  /** Whether heads of queries and keys are normalised before RoPE. */
  readonly queryKeyNorm: boolean;
  /** `cap * tanh(score / cap)` for scores of attention; 0: none. */
  readonly attentionSoftCap: number;
  /** The same for the model's logits. */
  readonly logitSoftCap: number;
  /** Positions that a token sees, itself included; 0: all before it. */
  readonly window: number;
  /** Multiplies the embedding. */
  readonly embeddingScale: number;
}

/** The block of LLaMA: other architectures tell what differs. */
export const LLAMA_BLOCK: BlockFacts = {
  norm: 'rms',
  normPlace: 'before',
  parallelResidual: false,
  rope: 'interleaved',
  activation: 'silu',
  queryKeyNorm: false,
  attentionSoftCap: 0,
  logitSoftCap: 0,
  window: 0,
  embeddingScale: 1,
};

/** Sizes and constants of a model, checked to be sane. */
export interface Hyperparameters {
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

/** What the library must know to run a model: one file of this folder for each, and a line in `index.ts`. */
export interface Architecture {
  /** As `general.architecture` of a GGUF file has it. */
  readonly id: string;
  readonly block: BlockFacts;
  /** Throws `unsupported` with the name of what this library lacks, `bad-file` for contradictions. */
  readHyperparameters(metadata: GgufMetadata): Hyperparameters;
  /** Takes every tensor that the forward pass uses; the caller refuses the rest. */
  takeWeights(tensors: TensorSet, h: Hyperparameters): ModelWeights;
}

/** A model as both backends get it: nothing of it has been read but the header. */
export interface ModelDescription {
  readonly architecture: string;
  readonly block: BlockFacts;
  readonly h: Hyperparameters;
  readonly weights: ModelWeights;
}
