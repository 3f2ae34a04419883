import type { BlockFacts } from '../architectures/architecture';
import { InferenceError } from '../errors';

/** What the kernels compute, RoPE over halves by another order of rows (interleave-rows.ts). */
const COMPUTED: { readonly [Fact in keyof BlockFacts]: readonly BlockFacts[Fact][] } = {
  norm: ['rms'],
  normPlace: ['before'],
  parallelResidual: [false],
  rope: ['interleaved', 'half'],
  activation: ['silu'],
  queryKeyNorm: [false],
  attentionSoftCap: [0],
  logitSoftCap: [0],
  window: [0],
  embeddingScale: [1],
};

/** Throws `unsupported` with the first fact that the CPU backend lacks. */
export function checkBlock(block: BlockFacts): void {
  for (const fact of Object.keys(COMPUTED) as (keyof BlockFacts)[]) {
    const computed: readonly unknown[] = COMPUTED[fact];
    if (!computed.includes(block[fact]))
      throw new InferenceError('unsupported', `${fact} ${block[fact]} on the CPU`);
  }
}
