import type { GpuModelPlan } from './matrix-plan';
import type { Measures } from './model-buffers';
import type { LoadedPart } from './upload';
import { USAGE } from './memory';
import type { DeviceMemory } from './memory';
import { padColumns } from './upload';
import type { Finish } from './shader-kernels';

/** What a matrix is used for: its shape says where the result goes and how many sums of squares there are. */
export type ShapeUse = Finish['kind'] | 'first qkv' | 'embed' | 'head' | 'combined head';

interface Shape {
  readonly rows: number;
  readonly units: number;
  readonly rowBase: number;
  readonly scalesAt: number;
  readonly superAt: number;
  readonly biasAt: number;
  readonly outStride: number;
  readonly partials: number;
}

/** The uniform buffers that never change: one for each matrix and use. */
export class ShapeBuffers {
  readonly #made = new Map<LoadedPart, Map<ShapeUse, GPUBuffer>>();
  /** Of rows of logits, of attention's result, of its queries, and of partial sums of squares. */
  readonly rows: GPUBuffer;
  readonly attention: GPUBuffer;
  readonly queries: GPUBuffer;
  readonly partials: GPUBuffer;

  constructor(
    readonly memory: DeviceMemory,
    readonly plan: GpuModelPlan,
    readonly measures: Measures,
  ) {
    const none = {
      rows: 0,
      units: 0,
      rowBase: 0,
      scalesAt: 0,
      superAt: 0,
      biasAt: 0,
      outStride: 0,
      partials: 0,
    };
    this.rows = this.#create({ ...none, rows: plan.vocabulary, outStride: plan.vocabulary });
    this.attention = this.#create({ ...none, outStride: padColumns(measures.queries) });
    this.queries = this.#create({ ...none, outStride: measures.queries });
    this.partials = this.#create({ ...none, partials: measures.squaresStride });
  }

  of(part: LoadedPart, use: ShapeUse): GPUBuffer {
    let uses = this.#made.get(part);
    if (!uses) this.#made.set(part, (uses = new Map<ShapeUse, GPUBuffer>()));
    let shape = uses.get(use);
    if (!shape) uses.set(use, (shape = this.#make(part, use)));
    return shape;
  }

  #make({ rows, rowBase, sizes, hasBias }: LoadedPart, use: ShapeUse): GPUBuffer {
    const { h, vocabulary } = this.plan;
    const strides: Record<ShapeUse, number> = {
      qkv: this.measures.queries,
      'first qkv': this.measures.queries,
      residual: padColumns(h.dim),
      embed: padColumns(h.dim),
      gate: padColumns(h.ffn),
      logits: vocabulary,
      head: vocabulary,
      'combined head': vocabulary,
    };
    const isCombined = use === 'first qkv' || use === 'combined head';
    return this.#create({
      rows,
      rowBase,
      units: sizes.units,
      scalesAt: sizes.scalesAt,
      superAt: sizes.superAt,
      biasAt: hasBias ? sizes.biasAt : 0,
      outStride: strides[use],
      partials: isCombined ? 1 : this.measures.squaresStride,
    });
  }

  #create(shape: Shape): GPUBuffer {
    const words = Uint32Array.of(
      shape.rows,
      shape.units,
      shape.rowBase,
      shape.scalesAt,
      shape.superAt,
      shape.biasAt,
      shape.outStride,
      shape.partials,
    );
    const buffer = this.memory.create('shape', words.length, USAGE.uniform | USAGE.copyTo);
    this.memory.device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }
}
