import type { ModelDescription } from '../architectures/architecture';
import type { BackendOptions } from '../decoding/backend';
import { InferenceError } from '../errors';
import { readVector } from '../gguf/read-vector';
import type { ByteSource } from '../gguf/types';
import { GpuBackend } from './backend';
import { checkBlock } from './check-block';
import { Compiler } from './compiler';
import { allocateModel, loadModel } from './load-model';
import { planModel } from './matrix-plan';
import { DeviceMemory } from './memory';
import { createBuffers, measure, writeConstants } from './model-buffers';
import { chooseWidth, Programs } from './program';
import { Runner } from './runner';
import { HARDWARE_FORM, SOFTWARE_FORM } from './shader-kernels';
import type { KernelForm } from './shader-kernels';
import { ShapeBuffers } from './shapes';

const DEFAULT_CONTEXT = 2048;
const DEFAULT_CHUNK = 256;
/** More prompt tokens at once gain nothing, and hold up the page's own drawing. */
const MOST_CHUNK = 512;
const MOST_SEQUENCES = 64;
const MOST_ROWS = 16;

export interface GpuOptions extends BackendOptions {
  /** Computes. The caller destroys it, after `close`. */
  readonly device: GPUDevice;
  /** Sequences that have keys and values at the same time. Default 1. */
  readonly sequences?: number;
  /** Tokens of a prefill chunk, at most 512. */
  readonly chunkTokens?: number;
  /**
   * Compiles the kernels of a prefill chunk and of decoding while opening (default), so that no token waits for them;
   * otherwise each when it is first needed.
   */
  readonly compileAhead?: boolean;
  /** How the kernels are written; default: as suits the device. For tests. */
  readonly form?: KernelForm;
}

function wholeNumber(value: number, most: number, what: string): number {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new InferenceError('bad-input', `${value} ${what}`);
  }
  return value;
}

/**
 * Opens the GPU backend on a device that the caller has. What the header tells (facts that the kernels lack, tensor types,
 * too little memory) is refused before any weight is read: InferenceError `unsupported`, `bad-file`, `out-of-memory`. A
 * device that is lost later makes every call reject with `device-lost`.
 */
export async function openGpu(
  model: ModelDescription,
  sources: readonly ByteSource[],
  options: GpuOptions,
  signal?: AbortSignal,
): Promise<GpuBackend> {
  const { device } = options;
  const { h } = model;
  checkBlock(model);
  const plan = planModel(model);
  const context = options.contextTokens ?? Math.min(h.trainedContext, DEFAULT_CONTEXT);
  const contextTokens = wholeNumber(context, 1 << 20, 'tokens of context');
  const sequences = wholeNumber(options.sequences ?? 1, MOST_SEQUENCES, 'sequences');
  const chunk = wholeNumber(options.chunkTokens ?? DEFAULT_CHUNK, MOST_CHUNK, 'tokens of a chunk');
  const kvType = options.kvType ?? 'f16';
  const sizes = {
    chunkTokens: Math.min(chunk, contextTokens),
    sequences,
    contextTokens,
    mostRows: Math.max(MOST_ROWS, sequences),
    kv32: kvType === 'f32',
  };
  const measures = measure(plan, sizes);
  const memory = new DeviceMemory(device);
  const runner = new Runner(device);
  void device.lost.then(({ message }) => runner.stop(new InferenceError('device-lost', message)));
  const onError = ({ error }: GPUUncapturedErrorEvent) =>
    runner.stop(new InferenceError('engine', error.message));
  device.addEventListener('uncapturederror', onError);
  const release = () => {
    device.removeEventListener('uncapturederror', onError);
    memory.destroy();
  };
  try {
    const { allocated, buffers } = await runner.wait(
      memory.guard(() => ({
        allocated: allocateModel(memory, plan),
        buffers: createBuffers(memory, plan, sizes, measures),
      })),
    );
    const { ropeFactors, ropeLong, ropeShort } = model.weights;
    const divisors = ropeFactors ?? (contextTokens > h.originalContext ? ropeLong : ropeShort);
    const factors = divisors && (await readVector(sources, divisors, signal));
    writeConstants(device, buffers, plan, sizes, measures, factors);
    const loaded = await runner.wait(loadModel(memory, sources, plan, allocated, options.onProgress, signal));
    const shapes = new ShapeBuffers(memory, plan, measures);
    const { headPad } = measures;
    const form = options.form ?? (device.adapterInfo.isFallbackAdapter ? SOFTWARE_FORM : HARDWARE_FORM);
    const programs = new Programs(Compiler.of(device), loaded, buffers, shapes, {
      kv32: sizes.kv32,
      headPad,
      form,
    });
    if (options.compileAhead ?? true) {
      await runner.wait(
        Promise.all([
          programs.block('prefill', chooseWidth(sizes.chunkTokens, form)),
          programs.block('decode', 1),
          programs.head(1, true),
          programs.head(1, false),
        ]),
      );
    }
    const { adapterInfo } = device;
    return new GpuBackend(
      {
        runner,
        programs,
        buffers,
        sizes,
        measures,
        vocabulary: plan.vocabulary,
        layers: plan.layers.length,
        release,
      },
      {
        kind: 'gpu',
        sequences,
        kvType,
        chunkTokens: sizes.chunkTokens,
        weightBytes: loaded.bytes,
        memoryBytes: memory.bytes,
        adapter: [adapterInfo.vendor, adapterInfo.architecture, adapterInfo.description]
          .filter((text) => text !== '')
          .join(' '),
        subgroupSizes: [adapterInfo.subgroupMinSize, adapterInfo.subgroupMaxSize],
        features: [],
      },
    );
  } catch (error) {
    release();
    throw error;
  }
}
