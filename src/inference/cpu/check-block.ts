import type { BlockFacts } from '../architectures/architecture';
import { InferenceError } from '../errors';

/** Facts of a few values. The kernels compute any number of the others. */
type Choices = Omit<BlockFacts, 'layers'>;
type Choice = { [Fact in keyof Choices]: Choices[Fact] extends number ? never : Fact }[keyof Choices];

/** What the kernels compute, RoPE over halves by another order of rows (interleave-rows.ts). */
const COMPUTED: { readonly [Fact in Choice]: readonly BlockFacts[Fact][] } = {
  norm: ['rms', 'layer'],
  normPlace: ['before', 'after', 'both'],
  parallelResidual: [false, true],
  rope: ['interleaved', 'half'],
  activation: ['silu', 'gelu'],
  gated: [false, true],
  queryKeyNorm: ['none', 'head', 'each-head', 'row'],
  experts: ['none', 'weighted', 'normed'],
  learnedPositions: [false, true],
};

/** Throws `unsupported` with the first fact, or the first two together, that the CPU backend lacks. */
export function checkBlock(block: BlockFacts): void {
  const lacks = (what: string) => new InferenceError('unsupported', `${what} on the CPU`);
  for (const fact of Object.keys(COMPUTED) as Choice[]) {
    const computed: readonly unknown[] = COMPUTED[fact];
    if (!computed.includes(block[fact])) throw lacks(`${fact} ${block[fact]}`);
  }
  // Norms of what comes out read x, which is not yet complete where the two are added together.
  if (block.parallelResidual && block.normPlace !== 'before')
    throw lacks(`normPlace ${block.normPlace} with parallelResidual`);
  if (block.experts !== 'none' && (block.parallelResidual || block.normPlace !== 'before'))
    throw lacks(`experts with normPlace ${block.normPlace} or parallelResidual`);
  if (block.experts !== 'none' && (block.activation !== 'silu' || !block.gated))
    throw lacks(`experts with activation ${block.activation} or without a gate`);
  if (block.queryKeyNorm === 'row' && block.norm !== 'rms')
    throw lacks(`queryKeyNorm row with norm ${block.norm}`);
}
