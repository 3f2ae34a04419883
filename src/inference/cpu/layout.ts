import { elementAt } from '../element-at';
import { DOT_MODES } from './binary';
import type { DotMode, EngineExports } from './binary';
import type { KvType } from '../decoding/backend';
import { layerFacts } from '../architectures/architecture';
import type { BlockFacts, Hyperparameters } from '../architectures/architecture';
import { LAYER_MATRICES, LAYER_VECTORS, layerMatrices } from '../architectures/weights';
import type { LayerVector } from '../architectures/weights';
import type { GgufTensor } from '../gguf/types';
import { FRAME_Q8, FRAME_Q8_SIGNED, hasEightBits } from './frames';
import type { LayerPlan, MatrixPlan, MatrixType, ModelPlan } from './frames';
import { InferenceError } from '../errors';
import { SYNC_FACTS } from './stand-in';

/** The places of kernels/model.h's structs: every member is one 8-byte word. */
const MATRIX_WORDS = 8;
/** After the matrices and the vectors: RoPE's table, the experts, the window, the caches. */
const LAYER_REST = 5;
/** An expert's matrices (kernels/experts.h), in its order. */
const EXPERT_MATRICES = ['gate', 'up', 'down'] as const;
const EXPERT_WORDS = EXPERT_MATRICES.length * MATRIX_WORDS;
const LAYER_WORDS = LAYER_MATRICES.length * MATRIX_WORDS + LAYER_VECTORS.length + LAYER_REST;
/** A matrix within the model: its first word has the name. */
const MATRIX_REST = ['', '', '', '', '', '', ''] as const;
const MODEL_WORDS = [
  ...([
    'layers',
    'layerCount',
    'dim',
    'heads',
    'kvHeads',
    'headDim',
    'ffn',
    'vocabulary',
    'context',
    'kvF16',
  ] as const),
  ...([
    'ropeDim',
    'norm',
    'activation',
    'queryKeyNorm',
    'experts',
    'expertsUsed',
    'expertsNormed',
    'parallel',
    'embedding',
  ] as const),
  ...MATRIX_REST,
  'positions',
  ...MATRIX_REST,
  'output',
  ...MATRIX_REST,
  ...(['outputNorm', 'outputNormBias', 'outputBias'] as const),
  ...(['epsilon', 'attnScale', 'attnCap', 'logitCap', 'logitScale'] as const),
  ...(['embeddingScale', 'residualScale', 'expertScale', 'x', 'q', 'k', 'v', 'att', 'h', 'y'] as const),
  ...(['routes', 'expertH', 'expertY'] as const),
  ...(['acts0', 'acts1', 'acts2', 'acts3', 'acts4', 'acts5', 'acts6', 'acts7', 'acts8', 'acts9'] as const),
  ...(['logits', 'stats', 'maxTokens', 'maxLogits'] as const),
  ...([
    'scratch',
    'scratchBytes',
    'sync',
    'tokens',
    'count',
    'pos',
    'firstLayer',
    'lastLayer',
    'threads',
  ] as const),
  ...(['logitsFrom', 'logitsCount', 'wantStats'] as const),
] as const;

/** A member of the model struct. */
export type ModelWord = Exclude<(typeof MODEL_WORDS)[number], ''>;

const MODEL_AT: ReadonlyMap<string, number> = new Map(MODEL_WORDS.map((name, index) => [name, index * 8]));

/** Which kernel multiplies what. Never affects results where the mode is the machine's own, only speed. */
export interface KernelChoice {
  readonly dotMode: DotMode;
  /** For each type, bits SUM16_GEMV and SUM16_GEMM; none where absent. */
  readonly sums16: ReadonlyMap<MatrixType, number>;
}

// Activation forms of kernels/frames.h, in its order, with the most bytes that a column of 4 tokens takes.
const FORMS = {
  F32: 16,
  F32_SCALED: 16,
  Q32_0: 9.5,
  Q32_3: 9.5,
  Q32_4: 9.5,
  Q32_7: 9.5,
  Q32_WIDE: 9.5,
  Q16_0: 11,
  Q16_2: 11,
  Q16_5: 11,
} as const;
type Form = keyof typeof FORMS;
const FORM_NAMES = Object.keys(FORMS) as Form[];
/** Bits of a matrix's kernel word: products summed in 16 bits. */
export const SUM16_GEMV = 1;
export const SUM16_GEMM = 2;
const PANEL_BYTES = 40_960;
const SCORE_SPAN = 64;
const STACK_BYTES = 65_536;
const FIRST_ADDRESS = 131_072;
const SYNC_HEAD_BYTES = 128;

/** The most phases of a layer (kernels/engine.c), each with a counter. */
const PHASES_PER_LAYER = 16;
/** kernels/model.h's enums, in their order. */
const NORMS: readonly BlockFacts['norm'][] = ['rms', 'layer'];
const ACTIVATIONS: readonly BlockFacts['activation'][] = ['silu', 'gelu'];
const QUERY_KEY_NORMS: readonly BlockFacts['queryKeyNorm'][] = ['none', 'head', 'each-head', 'row'];

const pad8 = (n: number) => Math.ceil(n / 8) * 8;

export interface LayoutOptions {
  readonly context: number;
  readonly kvType: KvType;
  readonly threads: number;
  /** Tokens of a prefill chunk. */
  readonly maxTokens: number;
  /** Rows of logits that one job gives. */
  readonly maxLogits: number;
  /** Bytes that loading needs for raw tensors: they share the space of caches and buffers. */
  readonly stagingBytes: number;
}

/** 0 for what a layer has not. */
export interface LayerAddresses extends Readonly<Record<LayerVector, number>> {
  /** The structs of a layer's experts. */
  readonly experts: number;
  readonly kCache: number;
  readonly vCache: number;
}

type ActivationBuffer = `acts${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}`;
type ExpertBuffer = 'routes' | 'expertH' | 'expertY';
type StateBuffer = 'x' | 'q' | 'k' | 'v' | 'att' | 'h' | 'y' | 'logits' | 'stats' | ExpertBuffer;
type BufferName = 'sync' | 'tokens' | 'scratch' | StateBuffer | ActivationBuffer;
const ACTIVATION_BUFFERS = MODEL_WORDS.filter((name): name is ActivationBuffer => /^acts\d$/.test(name));

/** Where everything is in the engine's memory, bytes. */
export interface MemoryLayout {
  readonly options: LayoutOptions;
  readonly model: number;
  readonly layers: number;
  readonly outputNorm: number;
  /** 0 where there is none, as the next. */
  readonly outputNormBias: number;
  readonly outputBias: number;
  readonly rope: number;
  /** Of local layers; 0 where no layer is. */
  readonly localRope: number;
  readonly matrices: ReadonlyMap<MatrixPlan, number>;
  readonly perLayer: readonly LayerAddresses[];
  readonly buffers: Readonly<Record<BufferName, number>>;
  readonly scratchBytes: number;
  readonly stacks: number;
  readonly staging: number;
  readonly weightBytes: number;
  readonly totalBytes: number;
}

function scratchBytes(h: Hyperparameters, o: LayoutOptions): number {
  const columns = pad8(Math.max(h.dim, h.ffn, h.heads * h.headDim));
  const group = h.heads / h.kvHeads;
  const rows = group > 32 ? Math.ceil(group / 4) * 4 : 32;
  const stride = Math.ceil((o.context + SCORE_SPAN + 1) / 16) * 16;
  const head = pad8(h.headDim);
  const attention = 4 * (SCORE_SPAN * head + 2 * rows * head + rows * stride + rows);
  const accumulators = ((o.maxTokens + o.maxLogits) / 4 + 2) * 32;
  return (
    Math.ceil(
      (PANEL_BYTES +
        FORM_NAMES.length * (columns * 4 + 64) +
        8 * accumulators +
        4 * columns +
        attention +
        1024) /
        64,
    ) * 64
  );
}

/** Assigns addresses; nothing is allocated yet, so the total can be compared with what the device can give. */
export function layOut(h: Hyperparameters, plan: ModelPlan, options: LayoutOptions): MemoryLayout {
  let next = FIRST_ADDRESS;
  const take = (bytes: number) => {
    const at = next;
    next = Math.ceil((next + bytes) / 64) * 64;
    return at;
  };
  const floats = (count: number) => take(count * 4);
  const head = pad8(h.headDim);
  const cacheBytes = h.kvHeads * options.context * head * (options.kvType === 'f16' ? 2 : 4);
  const tokens = Math.max(options.maxTokens, options.maxLogits);

  const model = take(MODEL_WORDS.length * 8);
  const layers = take(h.layers * LAYER_WORDS * 8);
  const sync = take(SYNC_HEAD_BYTES + 4 * (PHASES_PER_LAYER * h.layers + 16));
  const tokenIds = take(tokens * 4);
  const stacks = take(STACK_BYTES * options.threads);
  const outputNorm = floats(pad8(h.dim));
  const vector = (tensor: GgufTensor | undefined) =>
    tensor ? floats(pad8(tensor.dimensions.reduce((a, b) => a * b, 1))) : 0;
  const outputNormBias = vector(plan.outputNormBias);
  const outputBias = vector(plan.outputBias);
  const ropes = new Set(plan.layers.map((_, index) => layerFacts(plan.block, index).rope));
  const rope = floats(options.context * 2 * h.ropeDim);
  const localRope = ropes.has('local') ? floats(options.context * 2 * h.ropeDim) : 0;
  const vectors = plan.layers.map(
    (layer) =>
      Object.fromEntries(LAYER_VECTORS.map((name) => [name, vector(layer[name])])) as Record<
        LayerVector,
        number
      >,
  );
  const experts = plan.layers.map((layer) =>
    layer.experts ? take(layer.experts.length * EXPERT_WORDS * 8) : 0,
  );
  const matrices = new Map<MatrixPlan, number>();
  const place = (matrix: MatrixPlan) => {
    if (!matrices.has(matrix)) matrices.set(matrix, take(matrix.bytes));
  };
  const weightsFrom = next;
  // In the order of use: a decode step then reads memory forwards.
  place(plan.embedding);
  if (plan.positions) place(plan.positions);
  for (const layer of plan.layers) for (const matrix of layerMatrices(layer)) place(matrix);
  place(plan.output);
  const weightBytes = next - weightsFrom;

  const staging = next;
  const perLayer = vectors.map((vector, index) => ({
    ...vector,
    experts: elementAt(experts, index),
    kCache: take(cacheBytes),
    vCache: take(cacheBytes),
  }));
  const columns = pad8(Math.max(h.dim, h.ffn, h.heads * h.headDim));
  const states = {
    x: floats(tokens * pad8(h.dim)),
    q: floats(tokens * pad8(h.heads * h.headDim)),
    k: floats(tokens * pad8(h.kvHeads * h.headDim)),
    v: floats(tokens * pad8(h.kvHeads * h.headDim)),
    att: floats(tokens * pad8(h.heads * h.headDim)),
    h: floats(tokens * pad8(h.ffn)),
    y: plan.block.normPlace === 'before' ? 0 : floats(tokens * pad8(h.dim)),
    ...takeExpertBuffers(h, tokens, take),
    logits: floats(options.maxLogits * pad8(plan.vocabulary)),
    stats: take(options.maxLogits * 24),
  };
  const used = usedForms(plan);
  const activations = Object.fromEntries(
    ACTIVATION_BUFFERS.map((name, form) => [
      name,
      used.has(form) ? take(mostTiles(h, tokens) * columns * FORMS[elementAt(FORM_NAMES, form)] + 64) : 0,
    ]),
  ) as Record<ActivationBuffer, number>;
  const perThread = scratchBytes(h, options);
  const buffers = {
    sync,
    tokens: tokenIds,
    ...states,
    ...activations,
    scratch: take(perThread * options.threads),
  };
  return {
    options,
    model,
    layers,
    outputNorm,
    outputNormBias,
    outputBias,
    rope,
    localRope,
    matrices,
    perLayer,
    buffers,
    scratchBytes: perThread,
    stacks,
    staging,
    weightBytes,
    totalBytes: Math.max(next, staging + options.stagingBytes),
  };
}

/** Tiles of 4 rows that prepared activations take: of tokens, or of every expert's tokens, whose last may not be full. */
function mostTiles({ experts, expertsUsed }: Hyperparameters, tokens: number): number {
  return experts > 0 ? Math.ceil((tokens * expertsUsed) / 4) + experts : Math.ceil(tokens / 4);
}

/** What kernels/experts.h keeps of a job: choices (its `Routes`), and rows within and after the networks. */
function takeExpertBuffers(h: Hyperparameters, tokens: number, take: (bytes: number) => number) {
  if (h.experts === 0) return { routes: 0, expertH: 0, expertY: 0 };
  const rows = 4 * mostTiles(h, tokens);
  return {
    routes: take(4 * (3 * tokens * h.expertsUsed + h.experts + 1 + rows)),
    expertH: take(4 * rows * pad8(h.ffn)),
    expertY: take(4 * rows * pad8(h.dim)),
  };
}

/** Forms of activations that any matrix may read, whatever the dot product turns out to do. */
function usedForms(plan: ModelPlan): ReadonlySet<number> {
  const forms = new Set<number>();
  for (const matrix of [plan.output, ...plan.layers.flatMap(layerMatrices)]) {
    for (const mode of DOT_MODES) forms.add(formOf(matrix, mode));
  }
  return forms;
}

function formOf({ type }: MatrixPlan, mode: DotMode): number {
  return FORM_NAMES.indexOf(formName(type, mode));
}

function formName(type: MatrixType, mode: DotMode): Form {
  switch (type) {
    case 'F32':
    case 'BF16':
      return 'F32';
    case 'F16':
      return 'F32_SCALED';
    case 'Q8_0':
    case 'IQ4_NL':
    case 'IQ4_XS':
    case 'MXFP4':
      return mode === 'signed' ? 'Q32_0' : mode === 'unsigned' ? 'Q32_7' : 'Q32_WIDE';
    case 'Q4_0':
      return 'Q32_3';
    case 'Q5_0':
      return 'Q32_4';
    case 'Q2_K':
      return 'Q16_0';
    case 'Q3_K':
      return 'Q16_2';
    case 'Q6_K':
      return 'Q16_5';
    default:
      return 'Q32_0';
  }
}

/** The frame that a matrix is multiplied in on this machine. */
export function frameOf({ type, frame }: MatrixPlan, mode: DotMode): number {
  if (!hasEightBits(type)) return frame;
  return mode === 'signed' ? FRAME_Q8_SIGNED : FRAME_Q8;
}

/** What the repacking makes of a matrix on this machine: its frame, by way of the file's blocks. */
export function repackingOf(matrix: MatrixPlan, mode: DotMode): number {
  if (matrix.type === 'Q8_0') return frameOf(matrix, mode);
  return hasEightBits(matrix.type) && mode === 'signed' ? matrix.frame + 1 : matrix.frame;
}

/** The factor that undoes the repacked scales' exponent (kernels/matmul.h). */
function postFactor({ type }: MatrixPlan, shift: number): number {
  if (type === 'F32' || type === 'BF16') return 1;
  return 2 ** ((type === 'F16' ? 11 : 112) - shift);
}

/** Writes one matrix struct; `data` is the address of its repacked rows, `shift` what `repack` was given. */
export function writeMatrix(
  view: DataView,
  at: number,
  matrix: MatrixPlan,
  data: number,
  { dotMode, sums16 }: KernelChoice,
  shift: number,
): void {
  const words = [
    data,
    frameOf(matrix, dotMode),
    pad8(matrix.rows),
    matrix.columns,
    matrix.groupBytes,
    formOf(matrix, dotMode),
    sums16.get(matrix.type) ?? 0,
  ];
  words.forEach((word, index) => view.setBigUint64(at + index * 8, BigInt(word), true));
  view.setFloat64(at + words.length * 8, postFactor(matrix, shift), true);
}

/** Where the repacked rows of a matrix are. */
export function addressOf(layout: MemoryLayout, matrix: MatrixPlan): number {
  const address = layout.matrices.get(matrix);
  if (address === undefined) throw new RangeError(`no place for ${matrix.tensor.name}`);
  return address;
}

/** Writes the structs. `shiftOf`: the exponent shift each matrix was repacked with. */
export function writeModel(
  view: DataView,
  h: Hyperparameters,
  plan: ModelPlan,
  layout: MemoryLayout,
  kernels: KernelChoice,
  shiftOf: (matrix: MatrixPlan) => number,
): void {
  const { block } = plan;
  const matrixAt = (at: number, matrix: MatrixPlan) =>
    writeMatrix(view, at, matrix, addressOf(layout, matrix), kernels, shiftOf(matrix));
  plan.layers.forEach((layer: LayerPlan, index) => {
    let at = layout.layers + index * LAYER_WORDS * 8;
    for (const name of LAYER_MATRICES) {
      const matrix = layer[name];
      if (matrix) matrixAt(at, matrix);
      at += MATRIX_WORDS * 8;
    }
    const a = elementAt(layout.perLayer, index);
    const { rope, window } = layerFacts(block, index);
    const table = { global: layout.rope, local: layout.localRope, none: 0 }[rope];
    layer.experts?.forEach((expert, number) =>
      EXPERT_MATRICES.forEach((name, place) =>
        matrixAt(a.experts + (number * EXPERT_WORDS + place * MATRIX_WORDS) * 8, expert[name]),
      ),
    );
    const rest = [table, a.experts, window, a.kCache, a.vCache];
    for (const word of [...LAYER_VECTORS.map((name) => a[name]), ...rest]) {
      view.setBigUint64(at, BigInt(word), true);
      at += 8;
    }
  });
  const words: Partial<Record<ModelWord, number>> = {
    ...layout.buffers,
    layers: layout.layers,
    layerCount: h.layers,
    dim: h.dim,
    heads: h.heads,
    kvHeads: h.kvHeads,
    headDim: h.headDim,
    ffn: h.ffn,
    vocabulary: plan.vocabulary,
    context: layout.options.context,
    kvF16: layout.options.kvType === 'f16' ? 1 : 0,
    ropeDim: h.ropeDim,
    norm: NORMS.indexOf(block.norm),
    activation: ACTIVATIONS.indexOf(block.activation),
    queryKeyNorm: QUERY_KEY_NORMS.indexOf(block.queryKeyNorm),
    experts: h.experts,
    expertsUsed: h.expertsUsed,
    expertsNormed: Number(block.experts === 'normed'),
    parallel: Number(block.parallelResidual),
    outputNorm: layout.outputNorm,
    outputNormBias: layout.outputNormBias,
    outputBias: layout.outputBias,
    maxTokens: layout.options.maxTokens,
    maxLogits: layout.options.maxLogits,
    scratchBytes: layout.scratchBytes,
    threads: 1,
  };
  for (const [name, word] of Object.entries(words)) setWord(view, layout, name as ModelWord, word);
  const factors: Partial<Record<ModelWord, number>> = {
    epsilon: h.epsilon,
    attnScale: block.attentionScale || 1 / Math.sqrt(h.headDim),
    attnCap: block.attentionSoftCap,
    logitCap: block.logitSoftCap,
    logitScale: block.logitScale,
    embeddingScale: block.embeddingScale,
    residualScale: block.residualScale,
    expertScale: 1,
  };
  for (const [name, factor] of Object.entries(factors))
    view.setFloat64(wordAt(layout, name as ModelWord), factor, true);
  matrixAt(wordAt(layout, 'embedding'), plan.embedding);
  if (plan.positions) matrixAt(wordAt(layout, 'positions'), plan.positions);
  matrixAt(wordAt(layout, 'output'), plan.output);
}

function wordAt(layout: MemoryLayout, name: ModelWord): number {
  const at = MODEL_AT.get(name);
  if (at === undefined) throw new Error(`no member ${name}`);
  return layout.model + at;
}

/** Throws InferenceError `engine` where a build was made of other structs than this file writes. */
export function checkLayout(engine: EngineExports): void {
  const facts: readonly number[] = [
    MATRIX_WORDS,
    LAYER_WORDS,
    MODEL_WORDS.length,
    ...(['embedding', 'acts0', 'sync', 'wantStats'] as const).map((name) => MODEL_WORDS.indexOf(name)),
    LAYER_MATRICES.length * MATRIX_WORDS,
    MATRIX_WORDS - 2,
    FORM_NAMES.length,
    FORM_NAMES.indexOf('Q32_WIDE'),
    FRAME_Q8_SIGNED,
    PANEL_BYTES,
    SCORE_SPAN,
    SUM16_GEMV,
    SUM16_GEMM,
    ...SYNC_FACTS,
    SYNC_HEAD_BYTES,
    LAYER_MATRICES.length * MATRIX_WORDS + LAYER_VECTORS.length,
    LAYER_MATRICES.length * MATRIX_WORDS + LAYER_VECTORS.length + 1,
    ...(['positions', 'residualScale', 'y', 'expertScale'] as const).map((name) => MODEL_WORDS.indexOf(name)),
    PHASES_PER_LAYER,
    NORMS.indexOf('layer'),
    ACTIVATIONS.indexOf('gelu'),
    QUERY_KEY_NORMS.indexOf('row'),
  ];
  const wrong = facts.findIndex((fact, index) => engine.describe(index) !== fact);
  if (wrong >= 0 || engine.describe(facts.length) !== -1)
    throw new InferenceError('engine', `the engine and its layout differ in fact ${wrong}`);
}

/** Sets one member of the model struct, by its name in this file. */
export function setWord(view: DataView, layout: MemoryLayout, name: ModelWord, value: number): void {
  view.setBigUint64(wordAt(layout, name), BigInt(value), true);
}

/** End of a worker's stack. */
export function stackTop(layout: MemoryLayout, thread: number): number {
  return layout.stacks + STACK_BYTES * (thread + 1) - 64;
}
