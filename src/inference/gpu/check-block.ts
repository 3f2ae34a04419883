import type { BlockFacts, ModelDescription } from '../architectures/architecture';
import type { LayerOf, Matrix } from '../architectures/weights';
import { InferenceError } from '../errors';

/** What the kernels compute. `any`: whatever the fact says. */
const COMPUTED: { readonly [Fact in keyof BlockFacts]: readonly BlockFacts[Fact][] | 'any' } = {
  norm: ['rms'],
  normPlace: ['before'],
  parallelResidual: [false],
  rope: ['interleaved', 'half'],
  activation: ['silu', 'gelu'],
  queryKeyNorm: [false],
  attentionSoftCap: 'any',
  logitSoftCap: 'any',
  window: 'any',
  embeddingScale: 'any',
};

/** Weights of a layer that are used: a new one must be thought of here before it can be ignored. */
const TAKEN: { readonly [Name in keyof Required<LayerOf<Matrix>>]: true } = {
  q: true,
  k: true,
  v: true,
  o: true,
  gate: true,
  up: true,
  down: true,
  attnNorm: true,
  ffnNorm: true,
  qBias: true,
  kBias: true,
  vBias: true,
};

/** A head's values are shared among at most 64 threads, 8 each. */
const MOST_HEAD_DIM = 512;

/** Throws `unsupported` with the first fact or weight that the GPU backend lacks. */
export function checkBlock({ block, h, weights }: ModelDescription): void {
  for (const fact of Object.keys(block) as (keyof BlockFacts)[]) {
    const computed: readonly unknown[] | 'any' = COMPUTED[fact];
    if (computed !== 'any' && !computed.includes(block[fact])) {
      throw new InferenceError('unsupported', `${fact} ${block[fact]} on the GPU`);
    }
  }
  for (const layer of weights.layers) {
    for (const [name, weight] of Object.entries(layer)) {
      if (weight !== undefined && !Object.hasOwn(TAKEN, name)) {
        throw new InferenceError('unsupported', `the weights ${name} on the GPU`);
      }
    }
  }
  if (h.headDim > MOST_HEAD_DIM) throw new InferenceError('unsupported', `heads of ${h.headDim} on the GPU`);
}
