import type { GgufMetadata } from '../gguf/types';
import type { ModelWeights, TensorSet } from './weights';

/** What may differ from layer to layer. */
export interface LayerFacts {
  /** Positions that a token sees, itself included; 0: all before it. */
  readonly window: number;
  /** Which frequencies rotate queries and keys: the model's, those of its local layers, or none at all. */
  readonly rope: 'global' | 'local' | 'none';
}

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
  /** Of the feed-forward network: of its gate where it has one. GELU is the form with tanh. */
  readonly activation: 'silu' | 'gelu';
  /** Whether the network has a gate, whose activation multiplies the other product. */
  readonly gated: boolean;
  /** What of queries and keys is normalised before RoPE: heads with weights for all, heads with their own, or rows. */
  readonly queryKeyNorm: 'none' | 'head' | 'each-head' | 'row';
  /** Whether the network is one of several that a router chooses, and whether the chosen ones' weights sum up to 1. */
  readonly experts: 'none' | 'weighted' | 'normed';
  /** Whether positions are rows that are added to the embedding. */
  readonly learnedPositions: boolean;
  /** Multiplies scores of attention; 0 stands for 1 / sqrt(size of a head). */
  readonly attentionScale: number;
  /** `cap * tanh(score / cap)` for scores of attention; 0: none. */
  readonly attentionSoftCap: number;
  /** The same for the model's logits. */
  readonly logitSoftCap: number;
  /** Multiplies logits. */
  readonly logitScale: number;
  /** Multiplies the embedding. */
  readonly embeddingScale: number;
  /** Multiplies what attention and feed-forward add. */
  readonly residualScale: number;
  /** By layer, from the first; a layer without an entry is like `EVERY_LAYER`. */
  readonly layers: readonly LayerFacts[];
}

/** Sees all positions, with the model's RoPE. */
export const EVERY_LAYER: LayerFacts = { window: 0, rope: 'global' };

/** The block of LLaMA: other architectures tell what differs. */
export const LLAMA_BLOCK: BlockFacts = {
  norm: 'rms',
  normPlace: 'before',
  parallelResidual: false,
  rope: 'interleaved',
  activation: 'silu',
  gated: true,
  queryKeyNorm: 'none',
  experts: 'none',
  learnedPositions: false,
  attentionScale: 0,
  attentionSoftCap: 0,
  logitSoftCap: 0,
  logitScale: 1,
  embeddingScale: 1,
  residualScale: 1,
  layers: [],
};

/** What differs in one layer. */
export function layerFacts(block: BlockFacts, index: number): LayerFacts {
  return block.layers[index] ?? EVERY_LAYER;
}

/** Sizes and constants of a model, checked to be sane. */
export interface Hyperparameters {
  readonly layers: number;
  readonly dim: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Of each expert, where there are any. */
  readonly ffn: number;
  /** Networks of a layer, and how many of them a token goes through; 0 and 0 where there is one, without a router. */
  readonly experts: number;
  readonly expertsUsed: number;
  readonly trainedContext: number;
  readonly epsilon: number;
  readonly ropeDim: number;
  readonly ropeBase: number;
  /** Of layers whose RoPE is local. */
  readonly ropeLocalBase: number;
  /** Positions are divided by this; local layers' are not. */
  readonly ropeLinear: number;
  /** YaRN (arXiv 2309.00071) in place of dividing all positions. */
  readonly yarn: boolean;
  /** Multiplies cos and sin, so that scores grow by its square (YaRN, LongRoPE); local layers' are not multiplied. */
  readonly ropeMagnitude: number;
  /** Positions that were trained before RoPE was stretched. */
  readonly originalContext: number;
}

/** Where the facts of a block are read from. */
export interface BlockSource {
  readonly metadata: GgufMetadata;
  readonly h: Hyperparameters;
  /** Only to be asked which tensors there are. */
  readonly tensors: TensorSet;
}

/** What the library must know to run a model: one file of this folder for each, and a line in `index.ts`. */
export interface Architecture {
  /** As `general.architecture` of a GGUF file has it. */
  readonly id: string;
  /** Throws `unsupported` with the name of what this library lacks, `bad-file` for contradictions. */
  readHyperparameters(metadata: GgufMetadata): Hyperparameters;
  readBlock(source: BlockSource): BlockFacts;
  /** Takes every tensor that the forward pass uses; the caller refuses the rest. */
  takeWeights(tensors: TensorSet, h: Hyperparameters, block: BlockFacts): ModelWeights;
}

/** A model as both backends get it: nothing of it has been read but the header. */
export interface ModelDescription {
  readonly architecture: string;
  readonly block: BlockFacts;
  readonly h: Hyperparameters;
  readonly weights: ModelWeights;
}
