import { layerFacts } from '../architectures/architecture';
import { elementAt } from '../element-at';
import type { Compiler } from './compiler';
import type { ModelBuffers } from './model-buffers';
import type { LoadedModel } from './load-model';
import type { LoadedMatrix, LoadedPart } from './upload';
import {
  attentionKernel,
  attentionReduceKernel,
  attentionRows,
  combineSquaresKernel,
  embedKernel,
  matvecRows,
  matvecKernel,
  MOST_UNCOMBINED,
  pickKernel,
  rowMergeKernel,
  rowStatsKernel,
  squaresKernel,
  STATS_BLOCK,
  TILE,
  tileKernel,
} from './shader-kernels';
import type { Finish, Kernel, KernelForm, MatrixBinding, MatvecColumns } from './shader-kernels';
import type { ShapeBuffers, ShapeUse } from './shapes';

/** How much there is to do: what the number of workgroups follows from. */
export interface Extent {
  readonly columns: number;
  /** Parts of the longest sequence's attention. */
  readonly splits: number;
  readonly picks: number;
}

/** One dispatch, bound once and for all: only the number of workgroups differs from run to run. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly groups: (extent: Extent) => readonly [number, number?, number?];
}

/** How a block is computed: `columns` at once by `matvec`, or tiles of them. */
export type Width = MatvecColumns | 'tile';

/** Columns from which on a tile is faster, even if it is half empty. */
const MOST_SKINNY = 32;

export interface BlockProgram {
  readonly embed: readonly Dispatch[];
  readonly layers: readonly (readonly Dispatch[])[];
}

/** The narrowest matrix kernel for a number of columns. */
export function chooseWidth(columns: number, { tiles, widths }: KernelForm): Width {
  if (tiles && columns > MOST_SKINNY) return 'tile';
  return widths.find((count) => count >= columns) ?? 16;
}

/** Makes the dispatches of a model's parts. What it makes is kept: bind groups and pipelines are made once. */
export class Programs {
  readonly #blocks = new Map<string, Promise<BlockProgram>>();
  readonly #heads = new Map<string, Promise<readonly Dispatch[]>>();

  constructor(
    readonly compiler: Compiler,
    readonly loaded: LoadedModel,
    readonly buffers: ModelBuffers,
    readonly shapes: ShapeBuffers,
    readonly options: { readonly kv32: boolean; readonly headPad: number; readonly form: KernelForm },
  ) {}

  /** Embedding and blocks. When it reads a prompt (`prefill`), it ends with combined sums of squares, for `head`. */
  block(mode: 'decode' | 'prefill', width: Width): Promise<BlockProgram> {
    return keep(this.#blocks, `${mode} ${width}`, () => this.#makeBlock(mode, width));
  }

  /** Logits, and what is said of each row. `isStep`: right after a decoded block, with its kind of sums of squares. */
  head(width: Exclude<Width, 'tile'>, isStep: boolean): Promise<readonly Dispatch[]> {
    return keep(this.#heads, `${width} ${isStep}`, () => this.#makeHead(width, isStep));
  }

  /** Logits and ranks of picked tokens. */
  async pick(): Promise<Dispatch> {
    const { logits, picks, picked } = this.buffers;
    return this.#dispatch(
      pickKernel,
      { logits, picks, picked, shape: this.shapes.rows },
      ({ columns, picks: count }) => [count, columns],
    );
  }

  async #makeBlock(mode: 'decode' | 'prefill', width: Width): Promise<BlockProgram> {
    const { loaded, buffers, shapes } = this;
    const embed = await Promise.all(
      loaded.embedding.parts.map((part) =>
        this.#dispatch(
          embedKernel(loaded.embedding.matrix.type),
          {
            ...weightsOf(part),
            ...this.#streamOf(elementAt(loaded.norms, 0)),
            step: buffers.step,
            shape: shapes.of(part, 'embed'),
            model: buffers.model,
            squares_out: buffers.squares,
          },
          ({ columns }) => [columns],
        ),
      ),
    );
    const layers = await Promise.all(loaded.layers.map((_, index) => this.#makeLayer(mode, width, index)));
    return { embed, layers };
  }

  async #makeLayer(mode: 'decode' | 'prefill', width: Width, index: number): Promise<readonly Dispatch[]> {
    const { loaded, buffers, options } = this;
    const layer = elementAt(loaded.layers, index);
    const isLocal = layerFacts(loaded.plan.block, index).rope === 'local';
    const rope = (isLocal ? buffers.localRope : undefined) ?? buffers.rope;
    const isLast = index === loaded.layers.length - 1;
    const cache = elementAt(buffers.caches, index);
    const isCombined = width === 'tile' || width > MOST_UNCOMBINED;
    // The embedding leaves one sum of squares a column: it is combined as it is.
    const squaresOfInput = index === 0 || !isCombined ? buffers.squares : buffers.combined;
    const qkv = layer.qkv.map((matrix) =>
      this.#multiply(
        matrix,
        width,
        { kind: 'qkv', kv32: options.kv32 },
        buffers.scaled,
        { squares_in: squaresOfInput, out: buffers.q, cache, rope },
        index === 0 ? 'first qkv' : 'qkv',
        index,
      ),
    );
    const combine = () => (isCombined ? [this.#combine(width)] : []);
    const gelu = loaded.plan.block.activation === 'gelu';
    const made: readonly (Dispatch | readonly Dispatch[])[] = await Promise.all([
      ...qkv,
      ...this.#attend(mode, index),
      this.#multiply(layer.o, width, { kind: 'residual' }, buffers.attended, {
        ...this.#streamOf(elementAt(loaded.norms, 2 * index + 1)),
        squares_out: buffers.squares,
      }),
      ...combine(),
      this.#multiply(layer.gate, width, { kind: 'gate', gelu }, buffers.scaled, {
        squares_in: isCombined ? buffers.combined : buffers.squares,
        out: buffers.hidden,
      }),
      this.#multiply(layer.down, width, { kind: 'residual' }, buffers.hidden, {
        ...this.#streamOf(elementAt(loaded.norms, 2 * index + 2)),
        squares_out: buffers.squares,
      }),
      // Rows may be asked for later, in any number.
      ...(isCombined ? combine() : isLast && mode === 'prefill' ? [this.#combine(width)] : []),
    ]);
    return made.flat();
  }

  async #makeHead(width: Exclude<Width, 'tile'>, isStep: boolean): Promise<readonly Dispatch[]> {
    const { buffers, shapes, loaded } = this;
    // Combined sums may be read by either kind of kernel, as long as it is told that there is one.
    const squares = isStep && width <= MOST_UNCOMBINED ? buffers.squares : buffers.combined;
    const logits = await this.#multiply(
      loaded.output,
      width,
      { kind: 'logits' },
      buffers.scaled,
      { squares_in: squares, out: buffers.logits },
      isStep ? 'head' : 'combined head',
    );
    const blocks = Math.ceil(loaded.plan.vocabulary / STATS_BLOCK);
    return [
      ...logits,
      await this.#dispatch(
        rowStatsKernel,
        { logits: buffers.logits, stats: buffers.stats, shape: shapes.rows },
        ({ columns }) => [blocks, columns],
      ),
      await this.#dispatch(
        rowMergeKernel(isStep),
        { stats: buffers.stats, results: buffers.results, shape: shapes.rows, next_step: buffers.step },
        ({ columns }) => [columns],
      ),
    ];
  }

  #attend(mode: 'decode' | 'prefill', layer: number): readonly Promise<Dispatch>[] {
    const { buffers, shapes, options, loaded } = this;
    const { heads, kvHeads } = loaded.plan.h;
    const { headPad, kv32, form } = options;
    const { step, model, q } = buffers;
    const cache = elementAt(buffers.caches, layer);
    const shape = shapes.attention(layer);
    if (mode === 'prefill') {
      const rows = attentionRows(headPad, 8, form);
      return [
        this.#dispatch(
          attentionKernel({ mode, rows, headPad, kv32, form }),
          { q, cache, step, model, shape, out: buffers.attended },
          ({ columns }) => [Math.ceil(columns / rows), heads],
        ),
      ];
    }
    const rows = attentionRows(headPad, heads / kvHeads, form);
    const blocks = Math.ceil(heads / kvHeads / rows);
    return [
      this.#dispatch(
        attentionKernel({ mode, rows, headPad, kv32, form }),
        { q, cache, step, model, shape, out: buffers.splits },
        ({ columns, splits }) => [splits, kvHeads * blocks, columns],
      ),
      this.#dispatch(
        attentionReduceKernel,
        { parts: buffers.splits, step, model, shape: shapes.attended, out: buffers.attended },
        ({ columns }) => [heads, columns],
      ),
    ];
  }

  #combine(width: Width): Promise<Dispatch> {
    const { stream, squares, combined, model } = this.buffers;
    if (width === 'tile') {
      return this.#dispatch(squaresKernel, { stream, squares_out: combined, model }, ({ columns }) => [
        columns,
      ]);
    }
    return this.#dispatch(
      combineSquaresKernel(this.options.form),
      { squares_in: squares, squares_out: combined, shape: this.shapes.partials, model },
      ({ columns }) => [columns],
    );
  }

  async #multiply(
    { matrix, parts }: LoadedMatrix,
    width: Width,
    finish: Finish,
    inputs: GPUBuffer,
    bound: Readonly<Partial<Record<MatrixBinding, GPUBuffer>>>,
    use: ShapeUse = finish.kind,
    layer?: number,
  ): Promise<readonly Dispatch[]> {
    const { step, model } = this.buffers;
    const { form } = this.options;
    const kernel =
      width === 'tile'
        ? tileKernel(matrix.type, finish, form)
        : matvecKernel(matrix.type, width, finish, form);
    return Promise.all(
      parts.map((part) =>
        this.#dispatch(
          kernel,
          { ...weightsOf(part), inputs, step, model, shape: this.shapes.of(part, use, layer), ...bound },
          ({ columns }) =>
            width === 'tile'
              ? [Math.ceil(part.rows / TILE), Math.ceil(columns / TILE)]
              : [Math.ceil(part.rows / matvecRows(form)), Math.ceil(columns / width)],
        ),
      ),
    );
  }

  #streamOf(norm: GPUBuffer) {
    return { stream: this.buffers.stream, scaled: this.buffers.scaled, norm };
  }

  async #dispatch<Name extends string>(
    kernel: Kernel<Name>,
    bound: Readonly<Partial<Record<Name, GPUBuffer>>>,
    groups: Dispatch['groups'],
  ): Promise<Dispatch> {
    const compiled = await this.compiler.compile(kernel);
    return { pipeline: compiled.pipeline, bindGroup: this.compiler.bind(compiled, bound), groups };
  }
}

function weightsOf({ codes, extra }: LoadedPart) {
  return { codes, extra };
}

function keep<T>(map: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let kept = map.get(key);
  if (!kept) {
    kept = make();
    map.set(key, kept);
  }
  return kept;
}

/** Adds dispatches to a pass. */
export function encode(pass: GPUComputePassEncoder, dispatches: readonly Dispatch[], extent: Extent): void {
  for (const { pipeline, bindGroup, groups } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...groups(extent));
  }
}
