import attentionReduce from './shaders/attention-reduce.wgsl?raw';
import attention from './shaders/attention.wgsl?raw';
import combineSquares from './shaders/combine-squares.wgsl?raw';
import embed from './shaders/embed.wgsl?raw';
import finishGate from './shaders/finish-gate.wgsl?raw';
import finishLogits from './shaders/finish-logits.wgsl?raw';
import finishQkv from './shaders/finish-qkv.wgsl?raw';
import finishResidual from './shaders/finish-residual.wgsl?raw';
import half from './shaders/half.wgsl?raw';
import matvec from './shaders/matvec.wgsl?raw';
import normScale from './shaders/norm-scale.wgsl?raw';
import pick from './shaders/pick.wgsl?raw';
import roofMultiply from './shaders/roof-multiply.wgsl?raw';
import roofRead from './shaders/roof-read.wgsl?raw';
import rowMerge from './shaders/row-merge.wgsl?raw';
import rowStats from './shaders/row-stats.wgsl?raw';
import squares from './shaders/squares.wgsl?raw';
import step from './shaders/step.wgsl?raw';
import structs from './shaders/structs.wgsl?raw';
import sumSquares from './shaders/sum-squares.wgsl?raw';
import tile from './shaders/tile.wgsl?raw';
import weightsBlock from './shaders/weights-block.wgsl?raw';
import weightsFloat from './shaders/weights-float.wgsl?raw';
import weightsSuper from './shaders/weights-super.wgsl?raw';
import { PLANE_LAYOUTS } from './planes';
import type { GpuType } from './planes';
import { fillTemplate } from './template';
import type { TemplateValues } from './template';

type Access = 'read' | 'write' | 'uniform';

/** A buffer that a shader uses: its WGSL name, how it is used and its WGSL type. Bindings count from 0 in their order. */
export type Binding<Name extends string = string> = readonly [name: Name, access: Access, type: string];

/** A compute shader, ready to be compiled: the same `key` means the same text. */
export interface Kernel<Name extends string = string> {
  readonly key: string;
  readonly code: string;
  readonly bindings: readonly Binding<Name>[];
}

const SHAPE = ['shape', 'uniform', 'Shape'] as const;
const MODEL = ['model', 'uniform', 'Model'] as const;
const STEP = ['step', 'read', 'array<u32>'] as const;
const SQUARES_IN = ['squares_in', 'read', 'array<f32>'] as const;
const SQUARES_OUT = ['squares_out', 'write', 'array<f32>'] as const;
const OUT = ['out', 'write', 'array<f32>'] as const;
const WEIGHTS = [
  ['codes', 'read', 'array<Codes>'],
  ['extra', 'read', 'array<u32>'],
] as const;
const STREAM = [
  ['stream', 'write', 'array<f32>'],
  ['scaled', 'write', 'array<f32>'],
  ['norm', 'read', 'array<f32>'],
] as const;

function makeKernel<Name extends string>(
  label: string,
  sources: readonly string[],
  values: TemplateValues,
  bindings: readonly Binding<Name>[],
): Kernel<Name> {
  const declarations = bindings.map(([name, access, type], index) => {
    const space =
      access === 'uniform' ? 'uniform' : access === 'read' ? 'storage, read' : 'storage, read_write';
    return `@group(0) @binding(${index}) var<${space}> ${name}: ${type};`;
  });
  const key = `${label} ${Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`;
  const text = [structs, ...sources].join('\n');
  return { key, code: `${declarations.join('\n')}\n${fillTemplate(text, values)}`, bindings };
}

function weightSources(type: GpuType): readonly string[] {
  const { shader } = PLANE_LAYOUTS[type];
  if (shader === 'float') return [weightsFloat];
  return [half, shader === 'block' ? weightsBlock : weightsSuper];
}

/** What becomes of a matrix' sums. */
export type Finish =
  | { readonly kind: 'logits' }
  /** `partials`: leaves sums of squares. */
  | { readonly kind: 'residual' }
  | { readonly kind: 'gate'; readonly gelu: boolean }
  | { readonly kind: 'qkv'; readonly kv32: boolean };

const FINISHES = {
  logits: { source: finishLogits, bindings: [OUT], isNormed: true },
  residual: { source: finishResidual, bindings: [...STREAM], isNormed: false },
  gate: { source: finishGate, bindings: [OUT], isNormed: true },
  qkv: {
    source: finishQkv,
    bindings: [OUT, ['cache', 'write', 'array<u32>'], ['rope', 'read', 'array<vec2<f32>>']],
    isNormed: true,
  },
} as const;

export type MatrixBinding =
  | 'codes'
  | 'extra'
  | 'inputs'
  | 'step'
  | 'shape'
  | 'model'
  | 'squares_in'
  | 'squares_out'
  | 'out'
  | 'stream'
  | 'scaled'
  | 'norm'
  | 'cache'
  | 'rope';

function finishFlags(finish: Finish): TemplateValues {
  return {
    GELU: finish.kind === 'gate' && finish.gelu,
    KV32: finish.kind === 'qkv' && finish.kv32,
  };
}

/** Columns at once of `matvecKernel`, which it is written for. */
export type MatvecColumns = 1 | 2 | 4 | 8 | 16;
/** From this many columns on, sums of squares are combined beforehand. */
export const MOST_UNCOMBINED = 4;
/** Rows of a workgroup of `tileKernel`, which takes as many columns. */
export const TILE = 64;

/** Rows of a workgroup of `matvecKernel`. */
export const matvecRows = ({ teams }: KernelForm) => 4 * teams;

/** How much a kernel's text repeats itself: less to loop over for a device, more to compile. Results are the same. */
export interface KernelForm {
  /** A power of two, at most 8. */
  readonly unroll: number;
  /** Query rows of attention that share what is read of the cache, at most. */
  readonly attentionRows: number;
  /** Threads that share four rows of a matrix, and such groups in a workgroup: multiples of 4 and of 1. */
  readonly lanes: number;
  readonly teams: number;
  /** Threads of attention, at least one for each 8 dimensions. */
  readonly attentionThreads: number;
  /** Whether prompts are multiplied in tiles: many threads that wait for each other. */
  readonly tiles: boolean;
  /** Numbers of columns that matrix kernels are made for: the least that holds a batch is taken, the last for more. */
  readonly widths: readonly MatvecColumns[];
}

export const HARDWARE_FORM: KernelForm = {
  unroll: 8,
  attentionRows: 8,
  lanes: 32,
  teams: 2,
  attentionThreads: 64,
  tiles: true,
  widths: [1, 2, 4, 8, 16],
};
/**
 * For a software device, which computes four threads at once and changes between all others of a workgroup wherever they
 * wait: that costs it more than the arithmetic. A long text takes its compiler seconds.
 */
export const SOFTWARE_FORM: KernelForm = {
  unroll: 1,
  attentionRows: 2,
  lanes: 4,
  teams: 1,
  attentionThreads: 4,
  tiles: false,
  widths: [1, 16],
};

/** A matrix times up to `columns` vectors a workgroup; see matvec.wgsl. */
export function matvecKernel(
  type: GpuType,
  columns: number,
  finish: Finish,
  { unroll, lanes, teams }: KernelForm,
): Kernel<MatrixBinding> {
  const { source, bindings, isNormed } = FINISHES[finish.kind];
  const isCombined = columns > MOST_UNCOMBINED;
  const pass = Math.min(4, columns);
  const isResidual = finish.kind === 'residual';
  return makeKernel<MatrixBinding>(
    `matvec ${type} ${finish.kind}`,
    [
      step,
      ...weightSources(type),
      ...(isNormed ? [normScale] : []),
      ...(isNormed && !isCombined ? [sumSquares] : []),
      source,
      matvec,
    ],
    {
      ...PLANE_LAYOUTS[type].flags,
      ...finishFlags(finish),
      COLUMNS: columns,
      PASS: pass,
      PASSES: columns / pass,
      TEAMS: teams,
      LANES: lanes,
      UNROLL: unroll,
      NORMED: isNormed,
      COMBINED: isCombined,
      HEAD: finish.kind === 'logits',
      PARTIALS: isResidual,
    },
    [
      ...WEIGHTS,
      ['inputs', 'read', 'array<vec4<f32>>'],
      STEP,
      SHAPE,
      MODEL,
      ...(isNormed ? [SQUARES_IN] : []),
      ...bindings,
      ...(isResidual ? [SQUARES_OUT] : []),
    ],
  );
}

/** A matrix times many vectors; see tile.wgsl. Sums of squares must be combined. */
export function tileKernel(type: GpuType, finish: Finish, { unroll }: KernelForm): Kernel<MatrixBinding> {
  const { source, bindings, isNormed } = FINISHES[finish.kind];
  return makeKernel<MatrixBinding>(
    `tile ${type} ${finish.kind}`,
    [step, ...weightSources(type), ...(isNormed ? [normScale] : []), source, tile],
    {
      ...PLANE_LAYOUTS[type].flags,
      ...finishFlags(finish),
      NORMED: isNormed,
      PARTIALS: false,
      UNROLL: unroll,
    },
    [
      ...WEIGHTS,
      ['inputs', 'read', 'array<vec4<f32>>'],
      STEP,
      SHAPE,
      MODEL,
      ...(isNormed ? [SQUARES_IN] : []),
      ...bindings,
    ],
  );
}

export function embedKernel(type: GpuType) {
  return makeKernel(`embed ${type}`, [step, ...weightSources(type), embed], PLANE_LAYOUTS[type].flags, [
    ...WEIGHTS,
    STEP,
    SHAPE,
    MODEL,
    ...STREAM,
    SQUARES_OUT,
  ]);
}

export const combineSquaresKernel = ({ lanes, teams }: KernelForm) =>
  makeKernel('combine squares', [sumSquares, combineSquares], { THREADS: lanes * teams }, [
    SQUARES_IN,
    SQUARES_OUT,
    SHAPE,
    MODEL,
  ]);

export const squaresKernel = makeKernel('squares', [squares], {}, [
  ['stream', 'read', 'array<f32>'],
  SQUARES_OUT,
  MODEL,
]);

/** Query rows that share what is read of the cache. */
export function attentionRows(headPad: number, shared: number, form: KernelForm): number {
  return Math.min(headPad > 256 ? 4 : 8, shared, form.attentionRows);
}

/** Positions of a chunk of attention: they are split in whole chunks. */
export const ATTENTION_CHUNK = 128;

export function attentionKernel(values: {
  readonly mode: 'decode' | 'prefill';
  readonly rows: number;
  /** A multiple of 8, at most 512. */
  readonly headPad: number;
  readonly kv32: boolean;
  readonly form: KernelForm;
}) {
  return makeKernel(
    'attention',
    [step, attention],
    {
      DECODE: values.mode === 'decode',
      ROWS: values.rows,
      HEAD_PAD: values.headPad,
      KV32: values.kv32,
      THREADS: Math.max(values.form.attentionThreads, Math.ceil(values.headPad / 32) * 4, values.rows),
    },
    [['q', 'read', 'array<f32>'], ['cache', 'read', 'array<vec4<u32>>'], STEP, SHAPE, MODEL, OUT],
  );
}

export const attentionReduceKernel = makeKernel('attention reduce', [step, attentionReduce], {}, [
  ['parts', 'read', 'array<f32>'],
  STEP,
  SHAPE,
  MODEL,
  OUT,
]);

/** Logits of one workgroup of `rowStatsKernel`. */
export const STATS_BLOCK = 4096;

export const rowStatsKernel = makeKernel('row stats', [rowStats], {}, [
  ['logits', 'read', 'array<f32>'],
  ['stats', 'write', 'array<vec4<u32>>'],
  SHAPE,
]);

/** `isNext`: whether the greatest logit's token becomes the column's next one. */
export function rowMergeKernel(isNext: boolean) {
  return makeKernel('row merge', [rowMerge], { NEXT: isNext }, [
    ['stats', 'read', 'array<vec4<u32>>'],
    ['results', 'write', 'array<vec4<u32>>'],
    SHAPE,
    ...(isNext ? [['next_step', 'write', 'array<u32>'] as const] : []),
  ]);
}

export const pickKernel = makeKernel('pick', [pick], {}, [
  ['logits', 'read', 'array<f32>'],
  ['picks', 'read', 'array<u32>'],
  ['picked', 'write', 'array<vec2<f32>>'],
  SHAPE,
]);

const ROOF = [
  ['words', 'read', 'array<vec4<u32>>'],
  ['out', 'write', 'array<vec4<u32>>'],
] as const;

export const roofReadKernel = makeKernel('roof read', [roofRead], {}, ROOF);

export function roofMultiplyKernel(turns: number) {
  return makeKernel('roof multiply', [roofMultiply], { TURNS: turns }, ROOF);
}
