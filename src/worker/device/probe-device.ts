import type { DeviceCard, GpuCard } from '../../domain/engine/device';
import { describeDevice } from '../sessions/open-session';

const MIB = 2 ** 20;
/** `STORAGE | COPY_DST`, https://www.w3.org/TR/webgpu/#buffer-usage */
const BUFFER_USAGE = 0x0080 | 0x0008;
const LARGEST_STEP_BYTES = 1024 * MIB;
const SMALLEST_STEP_BYTES = 64 * MIB;
/** More than any catalog row of 7B needs; what a person's other windows need is left alone. */
const CAP_BYTES = 8192 * MIB;
/** A software adapter's buffers are the machine's own memory, and written by its CPU. */
const SOFTWARE_CAP_BYTES = 1024 * MIB;
const BUDGET_MS = 4_000;

// (module (func (result v128) (i8x16.splat (i32.const 0))))
const SIMD_PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
];
// The same, through i8x16.relaxed_swizzle of two such vectors.
const RELAXED_SIMD_PROBE = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 0, 253, 15, 65, 0,
  253, 15, 253, 128, 2, 11,
];
// (module (memory i64 1))
const MEMORY64_PROBE = [0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1];

/** As much of WebGPU as the probe uses; `navigator.gpu` has this shape. */
export interface GpuPort {
  requestAdapter(options: { readonly powerPreference: 'high-performance' }): Promise<AdapterPort | null>;
}

export interface AdapterPort {
  readonly info: {
    readonly vendor: string;
    readonly architecture: string;
    readonly description: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly features: { has(name: string): boolean };
  readonly limits: { readonly maxBufferSize: number; readonly maxStorageBufferBindingSize: number };
  requestDevice(descriptor: { readonly requiredLimits: Record<string, number> }): Promise<GpuDevicePort>;
}

interface GpuDevicePort {
  readonly lost: Promise<unknown>;
  readonly queue: {
    writeBuffer(buffer: GpuBufferPort, offset: number, data: Uint8Array<ArrayBuffer>): void;
    onSubmittedWorkDone(): Promise<unknown>;
  };
  pushErrorScope(filter: 'out-of-memory' | 'validation'): void;
  popErrorScope(): Promise<unknown>;
  createBuffer(descriptor: { readonly size: number; readonly usage: number }): GpuBufferPort;
  destroy(): void;
}

export interface GpuBufferPort {
  destroy(): void;
}

export interface ProbePorts {
  /** Absent where the browser has no WebGPU. */
  readonly gpu: GpuPort | undefined;
  readonly device: Pick<DeviceCard, 'userAgent' | 'logicalCores' | 'memoryGiB' | 'crossOriginIsolated'>;
  readonly validateWasm: (module: Uint8Array<ArrayBuffer>) => boolean;
  estimateStorage(): Promise<{ readonly quota?: number; readonly usage?: number }>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** This browser's side of the probe. */
export function createProbePorts(): ProbePorts {
  // Browsers without WebGPU have no such member, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU };
  return {
    gpu,
    device: describeDevice(),
    validateWasm: (module) => WebAssembly.validate(module),
    estimateStorage: () => navigator.storage.estimate(),
    now: () => Date.now(),
  };
}

/** Finds out what this device can do, in a few seconds; never throws: what fails is part of the card. */
export async function probeDevice(ports: ProbePorts): Promise<DeviceCard> {
  const [storage, gpu] = await Promise.all([
    ports.estimateStorage().catch(() => ({ quota: undefined, usage: undefined })),
    probeGpu(ports).catch((error: unknown): GpuCard => refuse('no-device', error)),
  ]);
  return {
    version: 1,
    probedAt: ports.now(),
    ...ports.device,
    userAgent: ports.device.userAgent.slice(0, 1_000),
    wasm: describeWasm(ports.validateWasm),
    ...(storage.quota !== undefined && {
      storage: { quotaBytes: Math.floor(storage.quota), usedBytes: Math.floor(storage.usage ?? 0) },
    }),
    gpu,
  };
}

/** What this browser's WASM can do; takes no time. */
export function describeWasm(
  validateWasm: ProbePorts['validateWasm'] = (module) => WebAssembly.validate(module),
): DeviceCard['wasm'] {
  const validate = (module: readonly number[]) => validateWasm(Uint8Array.from(module));
  return {
    simd: validate(SIMD_PROBE),
    relaxedSimd: validate(RELAXED_SIMD_PROBE),
    memory64: validate(MEMORY64_PROBE),
  };
}

function refuse(code: 'no-webgpu' | 'no-adapter' | 'no-device', error?: unknown): GpuCard {
  const detail = error instanceof Error ? error.message || error.name : '';
  return { available: false, code, detail: detail.slice(0, 400) };
}

async function probeGpu(ports: ProbePorts): Promise<GpuCard> {
  const { gpu } = ports;
  if (gpu === undefined) return refuse('no-webgpu');
  let adapter: AdapterPort | null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return refuse('no-adapter', error);
  }
  if (adapter === null) return refuse('no-adapter');
  const { info, limits, features } = adapter;
  const software = info.isFallbackAdapter ?? false;
  // Without asking, a device gets the specification's defaults (256 and 128 MiB) whatever the adapter can do.
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    },
  });
  try {
    const { allocatedBytes, isLeast } = await allocate(
      device,
      Math.min(limits.maxBufferSize, LARGEST_STEP_BYTES),
      software ? SOFTWARE_CAP_BYTES : CAP_BYTES,
      () => ports.now(),
    );
    return {
      available: true,
      vendor: info.vendor.slice(0, 120),
      architecture: info.architecture.slice(0, 120),
      description: info.description.slice(0, 200),
      software,
      shaderF16: features.has('shader-f16'),
      subgroups: features.has('subgroups'),
      maxBufferBytes: limits.maxBufferSize,
      maxBindingBytes: limits.maxStorageBufferBindingSize,
      allocatableBytes: allocatedBytes,
      allocatableIsLeast: isLeast,
    };
  } finally {
    device.destroy();
  }
}

/**
 * Allocates buffers of `stepBytes` until one is refused, then halves the step, down to 64 MiB, and keeps all until the
 * end: what counts is how much there is at once.
 */
async function allocate(
  device: GpuDevicePort,
  stepBytes: number,
  capBytes: number,
  now: () => number,
): Promise<{ readonly allocatedBytes: number; readonly isLeast: boolean }> {
  const buffers: GpuBufferPort[] = [];
  const lost = device.lost.then(() => 'lost' as const);
  const endsAt = now() + BUDGET_MS;
  let allocatedBytes = 0;
  try {
    for (let step = stepBytes; step >= Math.min(SMALLEST_STEP_BYTES, stepBytes);) {
      if (allocatedBytes + step > capBytes) {
        if (allocatedBytes + SMALLEST_STEP_BYTES > capBytes) return { allocatedBytes, isLeast: true };
        step = Math.floor(step / 2);
        continue;
      }
      if (now() > endsAt) return { allocatedBytes, isLeast: true };
      const outcome = await Promise.race([allocateOne(device, step), lost]);
      if (outcome === 'lost') return { allocatedBytes, isLeast: false };
      if (outcome === undefined) {
        step = Math.floor(step / 2);
      } else {
        buffers.push(outcome);
        allocatedBytes += step;
      }
    }
    return { allocatedBytes, isLeast: false };
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}

/** @returns undefined when the device has no room for it */
async function allocateOne(device: GpuDevicePort, size: number): Promise<GpuBufferPort | undefined> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  let buffer: GpuBufferPort | undefined;
  let thrown = false;
  try {
    buffer = device.createBuffer({ size, usage: BUFFER_USAGE });
    // A reservation costs nothing. A write to a part makes the browser clear the rest first, and so really take it.
    device.queue.writeBuffer(buffer, size - 4, new Uint8Array(4));
  } catch {
    thrown = true;
  }
  const errors = [await device.popErrorScope(), await device.popErrorScope()];
  if (!thrown && errors.every((error) => error === null)) {
    await device.queue.onSubmittedWorkDone();
    return buffer;
  }
  buffer?.destroy();
  return undefined;
}
