import type { BlockFacts, ModelDescription } from '../architectures/architecture';
import { LAYER_MATRICES } from '../architectures/weights';
import type { LayerVector } from '../architectures/weights';
import { InferenceError } from '../errors';

/** Facts of a few values. The kernels compute any number of the others. */
type Choices = Omit<BlockFacts, 'layers'>;
type Choice = { [Fact in keyof Choices]: Choices[Fact] extends number ? never : Fact }[keyof Choices];

/** What the kernels compute. */
const COMPUTED: { readonly [Fact in Choice]: readonly BlockFacts[Fact][] } = {
  norm: ['rms'],
  normPlace: ['before'],
  parallelResidual: [false],
  rope: ['interleaved', 'half'],
  activation: ['silu', 'gelu'],
  gated: [true],
  queryKeyNorm: ['none'],
  experts: ['none'],
  learnedPositions: [false],
};

/** Weights that are used: one that is not named here must not be ignored. */
const TAKEN: readonly string[] = [
  ...LAYER_MATRICES,
  ...(['attnNorm', 'ffnNorm', 'qBias', 'kBias', 'vBias'] satisfies LayerVector[]),
];
const TAKEN_OF_MODEL: readonly string[] = [
  ...['vocabulary', 'embedding', 'output', 'outputNorm', 'layers'],
  ...['ropeFactors', 'ropeLong', 'ropeShort'],
];

/** A head's values are shared among at most 64 threads, 8 each. */
const MOST_HEAD_DIM = 512;

/** Throws `unsupported` with the first fact or weight that the GPU backend lacks. */
export function checkBlock({ block, h, weights }: ModelDescription): void {
  const lacks = (what: string) => new InferenceError('unsupported', `${what} on the GPU`);
  for (const fact of Object.keys(COMPUTED) as Choice[]) {
    const computed: readonly unknown[] = COMPUTED[fact];
    if (!computed.includes(block[fact])) throw lacks(`${fact} ${block[fact]}`);
  }
  for (const [given, taken] of [
    [weights, TAKEN_OF_MODEL] as const,
    ...weights.layers.map((each) => [each, TAKEN] as const),
  ]) {
    for (const [name, weight] of Object.entries(given)) {
      if (weight !== undefined && !taken.includes(name)) throw lacks(`the weights ${name}`);
    }
  }
  if (h.headDim > MOST_HEAD_DIM) throw lacks(`heads of ${h.headDim}`);
}
