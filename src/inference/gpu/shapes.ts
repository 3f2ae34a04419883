import { layerFacts } from '../architectures/architecture';
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
  readonly window?: number;
  readonly ropeDim?: number;
}

/** The uniform buffers that never change: one for each matrix and use. */
export class ShapeBuffers {
  readonly #windows = new Map<number, GPUBuffer>();
  readonly #made = new Map<LoadedPart, Map<ShapeUse, GPUBuffer>>();
  /** Of rows of logits, of attention's result, and of partial sums of squares. */
  readonly rows: GPUBuffer;
  readonly attended: GPUBuffer;
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
    this.attended = this.#create({ ...none, outStride: padColumns(measures.queries) });
    this.partials = this.#create({ ...none, partials: measures.squaresStride });
  }

  /** `layer`: whose facts apply, where there is one. */
  of(part: LoadedPart, use: ShapeUse, layer?: number): GPUBuffer {
    let uses = this.#made.get(part);
    if (!uses) this.#made.set(part, (uses = new Map<ShapeUse, GPUBuffer>()));
    let shape = uses.get(use);
    if (!shape) uses.set(use, (shape = this.#make(part, use, layer)));
    return shape;
  }

  /** Of attention in a layer. Its queries and, when it reads a prompt, its result have the same columns' stride. */
  attention(layer: number): GPUBuffer {
    const { window } = layerFacts(this.plan.block, layer);
    let shape = this.#windows.get(window);
    if (!shape) {
      const none = { rows: 0, units: 0, rowBase: 0, scalesAt: 0, superAt: 0, biasAt: 0, partials: 0 };
      shape = this.#create({ ...none, outStride: padColumns(this.measures.queries), window });
      this.#windows.set(window, shape);
    }
    return shape;
  }

  #make({ rows, rowBase, sizes, hasBias }: LoadedPart, use: ShapeUse, layer?: number): GPUBuffer {
    const { h, block, vocabulary } = this.plan;
    const strides: Record<ShapeUse, number> = {
      qkv: padColumns(this.measures.queries),
      'first qkv': padColumns(this.measures.queries),
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
      ropeDim: layer === undefined || layerFacts(block, layer).rope === 'none' ? 0 : h.ropeDim,
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
      shape.window ?? 0,
      shape.ropeDim ?? 0,
    );
    const buffer = this.memory.create('shape', words.length, USAGE.uniform | USAGE.copyTo);
    this.memory.device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  }
}
