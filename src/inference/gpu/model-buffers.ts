import { layerFacts } from '../architectures/architecture';
import { localRopeFrequencies, ropeFrequencies } from '../architectures/rope-frequencies';
import { elementAt } from '../element-at';
import type { GpuModelPlan } from './matrix-plan';
import { PAGE_TOKENS } from './kv-pages';
import { USAGE } from './memory';
import type { DeviceMemory } from './memory';
import { padColumns } from './upload';
import { STATS_BLOCK, TILE } from './shader-kernels';

/** Parts that the positions of one column's attention are split into, at most. */
export const MOST_SPLITS = 32;
/** Words of `step` before its columns, and of each column. */
export const STEP_HEAD = 4;

export interface BufferSizes {
  /** Columns of one `extend`. */
  readonly chunkTokens: number;
  /** Columns of one `step`: sequences that have keys and values. */
  readonly sequences: number;
  readonly contextTokens: number;
  /** Rows of one `rows`. */
  readonly mostRows: number;
  readonly kv32: boolean;
}

/** Numbers that follow from the model and the sizes. */
export interface Measures {
  readonly headPad: number;
  readonly columns: number;
  readonly pagesEach: number;
  readonly pages: number;
  readonly pagesAt: number;
  /** Bytes of one page of one layer's keys; its values take as many, from `valuesAt` words on. */
  readonly pageBytes: number;
  readonly valuesAt: number;
  readonly squaresStride: number;
  readonly queries: number;
}

export function measure({ h }: GpuModelPlan, sizes: BufferSizes): Measures {
  const headPad = Math.ceil(h.headDim / 8) * 8;
  const columns = Math.ceil(Math.max(sizes.chunkTokens, sizes.sequences, sizes.mostRows) / TILE) * TILE;
  const pagesEach = Math.ceil(sizes.contextTokens / PAGE_TOKENS);
  const pages = pagesEach * sizes.sequences;
  const pageBytes = h.kvHeads * headPad * PAGE_TOKENS * (sizes.kv32 ? 4 : 2);
  return {
    headPad,
    columns,
    pagesEach,
    pages,
    pagesAt: STEP_HEAD + 4 * columns,
    pageBytes,
    valuesAt: (pages * pageBytes) / 4,
    squaresStride: Math.ceil(h.dim / 4),
    queries: h.heads * h.headDim,
  };
}

/** Activations, the cache and what never changes. */
export interface ModelBuffers {
  readonly model: GPUBuffer;
  readonly step: GPUBuffer;
  readonly stream: GPUBuffer;
  readonly scaled: GPUBuffer;
  readonly squares: GPUBuffer;
  readonly combined: GPUBuffer;
  readonly q: GPUBuffer;
  readonly attended: GPUBuffer;
  readonly splits: GPUBuffer;
  readonly hidden: GPUBuffer;
  readonly logits: GPUBuffer;
  readonly stats: GPUBuffer;
  readonly results: GPUBuffer;
  readonly picks: GPUBuffer;
  readonly picked: GPUBuffer;
  readonly rope: GPUBuffer;
  /** Of layers whose RoPE is local, where there are any. */
  readonly localRope: GPUBuffer | undefined;
  /** A page on its way to another. */
  readonly page: GPUBuffer;
  /** For each layer. */
  readonly caches: readonly GPUBuffer[];
}

/** Tokens that `pick` takes at once. */
export const MOST_PICKS = 256;

/** Creates them. Throws `out-of-memory` where the device's limits cannot hold what the sizes ask for. */
export function createBuffers(
  memory: DeviceMemory,
  { h, block, vocabulary, layers }: GpuModelPlan,
  sizes: BufferSizes,
  measures: Measures,
): ModelBuffers {
  const { columns, headPad } = measures;
  const create = (label: string, words: number, usage = 0) =>
    memory.create(label, words, USAGE.storage | usage);
  return {
    model: create('model', 20, USAGE.uniform | USAGE.copyTo),
    step: create('step', measures.pagesAt + measures.pages, USAGE.copyTo),
    stream: create('stream', columns * h.dim),
    scaled: create('scaled', columns * padColumns(h.dim)),
    squares: create('squares', columns * measures.squaresStride),
    combined: create('combined', columns * measures.squaresStride),
    q: create('q', columns * padColumns(measures.queries)),
    attended: create('attended', columns * padColumns(measures.queries)),
    splits: create('splits', sizes.sequences * h.heads * MOST_SPLITS * (headPad + 2)),
    hidden: create('hidden', columns * padColumns(h.ffn)),
    logits: create('logits', sizes.mostRows * vocabulary, USAGE.copyFrom),
    stats: create('stats', sizes.mostRows * Math.ceil(vocabulary / STATS_BLOCK) * 4),
    results: create('results', sizes.mostRows * 4, USAGE.copyFrom),
    picks: create('picks', MOST_PICKS + 1, USAGE.copyTo),
    picked: create('picked', sizes.mostRows * MOST_PICKS * 2, USAGE.copyFrom),
    rope: create('rope', sizes.contextTokens * h.ropeDim, USAGE.copyTo),
    localRope: layers.some((_, index) => layerFacts(block, index).rope === 'local')
      ? create('local rope', sizes.contextTokens * h.ropeDim, USAGE.copyTo)
      : undefined,
    page: create('page', measures.pageBytes / 4, USAGE.copyFrom | USAGE.copyTo),
    caches: layers.map((_, index) =>
      create(`the KV cache of layer ${index}`, 2 * measures.valuesAt, USAGE.copyFrom | USAGE.copyTo),
    ),
  };
}

/** Writes what never changes: the model's constants and the turns of RoPE. */
export function writeConstants(
  device: GPUDevice,
  { model, rope, localRope }: ModelBuffers,
  { h, block }: GpuModelPlan,
  { contextTokens }: BufferSizes,
  measures: Measures,
  ropeFactors: Float32Array | undefined,
): void {
  const { headPad, pagesAt, pagesEach, valuesAt, squaresStride } = measures;
  const sizes = [h.dim, h.heads, h.kvHeads, h.headDim, headPad];
  const places = [pagesAt, pagesEach, valuesAt, squaresStride, MOST_SPLITS];
  const whole = [...sizes, ...places];
  const floats = [
    h.epsilon,
    block.attentionScale || 1 / Math.sqrt(h.headDim),
    block.attentionSoftCap,
    block.logitSoftCap,
    block.logitScale,
    block.embeddingScale,
    block.residualScale,
  ];
  const view = new DataView(new ArrayBuffer(80));
  whole.forEach((value, index) => view.setUint32(index * 4, value, true));
  floats.forEach((value, index) => view.setFloat32((whole.length + index) * 4, value, true));
  device.queue.writeBuffer(model, 0, new Uint8Array(view.buffer));
  device.queue.writeBuffer(
    rope,
    0,
    ropeTurns(ropeFrequencies(h, ropeFactors), contextTokens, h.ropeMagnitude),
  );
  if (localRope) device.queue.writeBuffer(localRope, 0, ropeTurns(localRopeFrequencies(h), contextTokens, 1));
}

/** cos and sin for each position and pair, times `magnitude`, computed as doubles: a device's own sine is only good to 2^-11. */
function ropeTurns(
  frequencies: Float64Array,
  positions: number,
  magnitude: number,
): Float32Array<ArrayBuffer> {
  const pairs = frequencies.length;
  const turns = new Float32Array(positions * pairs * 2);
  for (let pair = 0; pair < pairs; pair++) {
    const frequency = elementAt(frequencies, pair);
    for (let position = 0; position < positions; position++) {
      const at = (position * pairs + pair) * 2;
      turns[at] = magnitude * Math.cos(position * frequency);
      turns[at + 1] = magnitude * Math.sin(position * frequency);
    }
  }
  return turns;
}
