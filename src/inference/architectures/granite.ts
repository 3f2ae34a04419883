import { InferenceError } from '../errors';
import { readNumber, readOptionalBoolean, readOptionalNumber } from '../gguf/metadata';
import type { GgufMetadata } from '../gguf/types';
import type { Architecture, BlockFacts, BlockSource } from './architecture';
import { EVERY_LAYER, LLAMA_BLOCK } from './architecture';
import { takeDecoderWeights } from './decoder-weights';
import { readHyperparameters } from './hyperparameters';

/** A factor that a file may leave out or set to 0, which stands for `fallback`. */
function readScale(metadata: GgufMetadata, key: string, fallback: number): number {
  const scale = readOptionalNumber(metadata, key) ?? 0;
  if (!Number.isFinite(scale)) throw new InferenceError('bad-file', `metadata '${key}' is ${scale}`);
  return scale === 0 ? fallback : scale;
}

/** Llama's block, with embedding, scores, residuals and logits scaled. */
export function readGraniteBlock(architecture: string, { metadata, h }: BlockSource): BlockFacts {
  const divisor = readNumber(metadata, `${architecture}.logit_scale`);
  if (!(Math.abs(divisor) > 1e-6)) throw new InferenceError('bad-file', `logits are divided by ${divisor}`);
  const isRotated = readOptionalBoolean(metadata, `${architecture}.rope.scaling.finetuned`) ?? true;
  return {
    ...LLAMA_BLOCK,
    attentionScale: readScale(metadata, `${architecture}.attention.scale`, 0),
    embeddingScale: readScale(metadata, `${architecture}.embedding_scale`, 1),
    residualScale: readScale(metadata, `${architecture}.residual_scale`, 1),
    logitScale: 1 / divisor,
    layers: isRotated ? [] : Array.from({ length: h.layers }, () => ({ ...EVERY_LAYER, rope: 'none' })),
  };
}

/** Granite 3 and 4 without experts. */
export const granite: Architecture = {
  id: 'granite',
  readHyperparameters: (metadata) => readHyperparameters(metadata, 'granite'),
  readBlock: (source) => readGraniteBlock('granite', source),
  takeWeights: takeDecoderWeights,
};
