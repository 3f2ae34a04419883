import type { DeviceCard } from './device';
import { BACKEND_FACTS, type Backend } from './backends';
import type { KvType } from './engine';
import { FORMAT_FACTS, FORMATS } from '../model/formats';
import { isHosted, sumArtifactBytes, type Artifact, type Model } from '../model/model';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** What an engine takes besides weights, cache and buffers: its code, its tokenizer, its bookkeeping. */
const RUNTIME_BYTES = 64 * MIB;
/** Tokens that llama.cpp reads at once (`n_ubatch`); our own engine and web-llm take fewer. */
const BATCH_TOKENS = 512;
/** llama.cpp and onnxruntime: wasm memory ends at 4 GiB, whatever their pointers are. */
const HEAP_32_BYTES = 4 * GIB;
/** Our own engine with 64-bit memory: the limit of the JavaScript API, https://webassembly.github.io/memory64/js-api/ */
const HEAP_64_BYTES = 16 * GIB;
/** Browser, system and other windows need the rest. */
const USABLE_SHARE = 0.75;
/** Above this share of what there is, it may still fail. */
const TIGHT_SHARE = 0.85;
/** https://www.w3.org/TR/device-memory/ never tells more than 8, later 32: these mean "at least". */
const MEMORY_CAPS_GIB = [8, 32];

export type FitVerdict = 'fits' | 'tight' | 'wont-fit' | 'unknown';

export type FitReason =
  | 'enough-room'
  | 'little-room'
  /** More than the engine's heap can address. */
  | 'over-heap'
  | 'over-memory'
  | 'over-gpu-memory'
  /** One tensor is larger than a shader of this device may see. */
  | 'tensor-over-binding'
  | 'no-webgpu'
  | 'no-shader-f16'
  | 'no-wasm-simd'
  /** The format runs on WebGPU only. */
  | 'needs-webgpu'
  /** The device does not tell how much it has, or only a lower bound. */
  | 'memory-unknown'
  /** The row does not tell the size or the shape. */
  | 'size-unknown';

/** The arithmetic behind a verdict, all in bytes; `availableBytes` is absent where the device does not tell. */
export interface Fit {
  readonly verdict: FitVerdict;
  readonly reasonCode: FitReason;
  readonly weightBytes: number;
  readonly kvBytes: number;
  readonly scratchBytes: number;
  readonly neededBytes: number;
  readonly availableBytes?: number;
}

/** The part of a card that the arithmetic reads. */
export type FitDevice = Pick<DeviceCard, 'wasm' | 'memoryGiB' | 'gpu'>;

/** The part of a model that the arithmetic reads. */
export type FitModel = Pick<Model, 'parameters'> & { readonly shape?: Model['shape'] };

/**
 * Whether an artifact has room on this device, before a byte of it is fetched.
 * @param engineId on `wasm`, of the engine that would run it: `simd`, our own, can address more than the others
 * @param kvType of the KV cache, for engines that have a choice
 */
export function judgeFit(
  artifact: Artifact,
  model: FitModel,
  device: FitDevice,
  contextTokens: number,
  backend: Backend,
  engineId?: string,
  kvType: KvType = 'f16',
): Fit {
  const sizes = estimateSizes(artifact, model, contextTokens, kvType);
  const judge = (verdict: FitVerdict, reasonCode: FitReason, availableBytes?: number): Fit => ({
    verdict,
    reasonCode,
    ...sizes,
    ...(availableBytes !== undefined && { availableBytes }),
  });
  switch (BACKEND_FACTS[backend].computesOn) {
    case 'processor':
      return judgeWasm(
        artifact,
        model,
        device,
        sizes,
        engineId ?? (artifact.format === 'gguf' ? 'simd' : ''),
        judge,
      );
    case 'graphics':
      return judgeWebGpu(artifact, model, device, sizes, judge);
    case 'elsewhere':
      return judge('fits', 'enough-room');
  }
}

type Sizes = Pick<Fit, 'weightBytes' | 'kvBytes' | 'scratchBytes' | 'neededBytes'>;
type Judge = (verdict: FitVerdict, reasonCode: FitReason, availableBytes?: number) => Fit;

function judgeWasm(
  artifact: Artifact,
  { shape }: FitModel,
  { wasm, memoryGiB }: FitDevice,
  { weightBytes, neededBytes }: Sizes,
  engineId: string,
  judge: Judge,
): Fit {
  if (!FORMAT_FACTS[artifact.format].backends.includes('wasm')) return judge('wont-fit', 'needs-webgpu');
  if (!wasm.simd) return judge('wont-fit', 'no-wasm-simd');
  const heapBytes = engineId === 'simd' && wasm.memory64 && wasm.relaxedSimd ? HEAP_64_BYTES : HEAP_32_BYTES;
  const memoryBytes = memoryGiB === undefined ? undefined : memoryGiB * GIB * USABLE_SHARE;
  const isLeast = memoryGiB === undefined || MEMORY_CAPS_GIB.includes(memoryGiB);
  const availableBytes = Math.min(heapBytes, memoryBytes ?? heapBytes);
  if (neededBytes > heapBytes) return judge('wont-fit', 'over-heap', heapBytes);
  if (memoryBytes !== undefined && neededBytes > memoryBytes) {
    return isLeast
      ? judge('unknown', 'memory-unknown', availableBytes)
      : judge('wont-fit', 'over-memory', availableBytes);
  }
  if (weightBytes === 0 || shape === undefined) return judge('unknown', 'size-unknown', availableBytes);
  // The smallest device of today has as much; of more nobody told.
  if (memoryBytes === undefined && neededBytes > GIB) return judge('unknown', 'memory-unknown');
  return neededBytes > availableBytes * TIGHT_SHARE
    ? judge('tight', 'little-room', availableBytes)
    : judge('fits', 'enough-room', availableBytes);
}

function judgeWebGpu(
  artifact: Artifact,
  model: FitModel,
  { gpu }: FitDevice,
  sizes: Sizes,
  judge: Judge,
): Fit {
  if (!gpu.available) return judge('wont-fit', 'no-webgpu');
  const available = gpu.allocatableBytes;
  if (needsShaderF16(artifact) && !gpu.shaderF16) return judge('wont-fit', 'no-shader-f16', available);
  const tensorBytes = estimateLargestTensor(model, sizes.weightBytes);
  if (tensorBytes > Math.min(gpu.maxBindingBytes, gpu.maxBufferBytes)) {
    return judge('wont-fit', 'tensor-over-binding', available);
  }
  if (sizes.neededBytes > available) {
    return gpu.allocatableIsLeast
      ? judge('unknown', 'memory-unknown', available)
      : judge('wont-fit', 'over-gpu-memory', available);
  }
  if (sizes.weightBytes === 0 || model.shape === undefined) {
    return judge('unknown', 'size-unknown', available);
  }
  return sizes.neededBytes > available * TIGHT_SHARE && !gpu.allocatableIsLeast
    ? judge('tight', 'little-room', available)
    : judge('fits', 'enough-room', available);
}

/** web-llm's f16 libraries and f16 ONNX weights compute in half precision, whatever their record asks for. */
function needsShaderF16({ format, quantization, mlc, onnx }: Artifact): boolean {
  if (format === 'mlc')
    return mlc?.requiredFeatures.includes('shader-f16') === true || quantization.includes('f16');
  return onnx?.dtype === 'fp16' || onnx?.dtype === 'q4f16';
}

function estimateSizes(artifact: Artifact, model: FitModel, contextTokens: number, kvType: KvType): Sizes {
  const weightBytes = estimateWeightBytes(artifact, model);
  const kvBytes = countKvBytes(artifact, model, contextTokens, kvType);
  const scratchBytes =
    estimateRecordedScratch(artifact, model, weightBytes) ?? estimateScratchBytes(model, contextTokens);
  return { weightBytes, kvBytes, scratchBytes, neededBytes: weightBytes + kvBytes + scratchBytes };
}

/** Of the files; of a repo whose size nobody told, from the parameters. 0 when neither is known. */
function estimateWeightBytes(artifact: Artifact, { parameters, shape }: FitModel): number {
  const told = artifact.mergedBytes ?? sumArtifactBytes(artifact);
  if (told > 0) return told;
  if (artifact.mlc !== undefined) return Math.ceil((parameters * (MLC_BITS[artifact.quantization] ?? 0)) / 8);
  if (artifact.onnx === undefined) return 0;
  const { bits, embeddingBytes } = ONNX_SIZES[artifact.onnx.dtype];
  // The table of embeddings is stored again, not quantized: so the files of SmolLM2-360M come out within 3 %.
  const embeddings = (shape?.vocabulary ?? 0) * (shape?.embedding ?? 0);
  return Math.ceil((parameters * bits) / 8 + embeddings * embeddingBytes);
}

/** Bits a weight. q4: 4 bits and one scale, of 16 or 32 bits, for each 32 weights (mlc-llm, group quantization). */
const MLC_BITS: Readonly<Record<string, number>> = { q4f16_1: 4.5, q4f32_1: 5, q0f16: 16, q0f32: 32 };

/** MatMulNBits of onnxruntime: blocks of 32 weights with a scale each; embeddings keep the type of the computation. */
const ONNX_SIZES: Readonly<
  Record<NonNullable<Artifact['onnx']>['dtype'], { readonly bits: number; readonly embeddingBytes: number }>
> = {
  fp32: { bits: 32, embeddingBytes: 4 },
  fp16: { bits: 16, embeddingBytes: 2 },
  q8: { bits: 8, embeddingBytes: 0 },
  int8: { bits: 8, embeddingBytes: 0 },
  uint8: { bits: 8, embeddingBytes: 0 },
  q4: { bits: 5, embeddingBytes: 4 },
  q4f16: { bits: 4.5, embeddingBytes: 2 },
};

/** Of a value; q8_0 has a 16-bit scale for each 32. */
const KV_BYTES: Readonly<Record<KvType, number>> = { f32: 4, f16: 2, q8_0: 34 / 32 };

/** One key and one value for each layer, KV head, dimension and position; F16 where nothing else was asked for. */
function countKvBytes(
  { mlc, quantization }: Artifact,
  { shape }: FitModel,
  contextTokens: number,
  kvType: KvType = 'f16',
): number {
  if (shape === undefined) return 0;
  const { layers, keyValueHeads, headSize } = shape;
  const valueBytes = mlc !== undefined && quantization.includes('f32') ? 4 : KV_BYTES[kvType];
  return 2 * layers * keyValueHeads * headSize * contextTokens * valueBytes;
}

/**
 * Working memory of a batch: the larger of attention scores (heads x batch x context) and logits (batch x vocabulary),
 * and about five activations of the model's width, all F32: the graph that llama.cpp reserves. For LLaMA 7B at 2,048
 * tokens its log tells "compute buffer size = 164.01 MiB" (and "KV self size = 1024.00 MiB"); this gives 168.
 */
function estimateScratchBytes({ shape }: FitModel, contextTokens: number): number {
  if (shape === undefined) return RUNTIME_BYTES;
  const { embedding, headSize, vocabulary } = shape;
  const scores = Math.ceil(embedding / headSize) * contextTokens;
  return RUNTIME_BYTES + BATCH_TOKENS * 4 * (Math.max(scores, vocabulary) + 5 * embedding);
}

/** What web-llm's record says above weights and cache: its figure is for the context that it was built for. */
function estimateRecordedScratch(
  artifact: Artifact,
  model: FitModel,
  weightBytes: number,
): number | undefined {
  const { mlc, contextTokens } = artifact;
  if (mlc?.vramMB === undefined) return undefined;
  return Math.max(
    0,
    Math.ceil(mlc.vramMB * MIB) - weightBytes - countKvBytes(artifact, model, contextTokens),
  );
}

/** The table of embeddings or one matrix of the feed-forward part, at the mean width of a weight. */
function estimateLargestTensor({ shape, parameters }: FitModel, weightBytes: number): number {
  if (shape === undefined) return 0;
  const weights = Math.max(shape.vocabulary * shape.embedding, 3 * shape.embedding ** 2);
  return Math.ceil((weights * weightBytes) / parameters);
}

export interface ChosenArtifact {
  readonly artifact: Artifact;
  readonly backend: Backend;
  readonly fit: Fit;
}

interface ChooseOptions {
  readonly contextTokens: number;
  /** The best one first, as measured on this device. */
  readonly backends: readonly Backend[];
  /** Whether any engine takes it; the page knows from the worker. */
  readonly canRun?: (artifact: Artifact, backend: Backend) => boolean;
  /** As in `judgeFit`. */
  readonly findEngineId?: (artifact: Artifact, backend: Backend) => string | undefined;
}

const VERDICTS: readonly FitVerdict[] = ['fits', 'tight', 'unknown'];
/**
 * The artifact to offer first: what fits before what may not, the better backend, what lies beside the page, the faster
 * format, and then the order of the row. @returns undefined when nothing fits, and for weights that nobody publishes
 */
export function chooseArtifact(
  model: Model,
  device: DeviceCard,
  { contextTokens, backends, canRun, findEngineId }: ChooseOptions,
): ChosenArtifact | undefined {
  const candidates = backends.flatMap((backend) =>
    model.artifacts
      .filter(
        (artifact) => artifact.mlc?.repo !== '' && FORMAT_FACTS[artifact.format].backends.includes(backend),
      )
      .filter((artifact) => canRun?.(artifact, backend) ?? true)
      .map((artifact): ChosenArtifact => {
        const tokens = Math.min(contextTokens, artifact.contextTokens);
        const engineId = findEngineId?.(artifact, backend);
        return { artifact, backend, fit: judgeFit(artifact, model, device, tokens, backend, engineId) };
      }),
  );
  const rank = ({ artifact, backend, fit }: ChosenArtifact): readonly number[] => [
    VERDICTS.indexOf(fit.verdict),
    backends.indexOf(backend),
    Number(!isHosted(artifact)),
    FORMATS.indexOf(artifact.format),
    model.artifacts.indexOf(artifact),
  ];
  return candidates
    .filter(({ fit }) => fit.verdict !== 'wont-fit')
    .map((candidate) => ({ candidate, rank: rank(candidate) }))
    .sort((a, b) => compareRanks(a.rank, b.rank))[0]?.candidate;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
