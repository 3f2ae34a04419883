import { describe, expect, it } from 'vitest';
import { parseDeviceCard, type GpuCard } from '../../domain/engine/device';
import {
  probeDevice,
  type AdapterPort,
  type GpuBufferPort,
  type GpuPort,
  type ProbePorts,
} from './probe-device';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface FakeGpuOptions {
  /** Where the device says that it is out of memory. */
  readonly memoryBytes?: number;
  /** The device is lost by the allocation that passes this. */
  readonly lostAtBytes?: number;
  readonly maxBufferSize?: number;
  readonly software?: boolean;
  readonly features?: readonly string[];
  readonly throwsAtBytes?: number;
}

/** A graphics device with a given amount of memory, which it hands out by WebGPU's rules of error scopes. */
function makeGpu({
  memoryBytes = 4 * GIB,
  lostAtBytes = Infinity,
  maxBufferSize = 2 * GIB,
  software = false,
  features = ['shader-f16', 'subgroups'],
  throwsAtBytes = Infinity,
}: FakeGpuOptions = {}) {
  const log = { usedBytes: 0, peakBytes: 0, sizes: [] as number[], destroyed: false, limits: {} };
  const sizeOf = new Map<GpuBufferPort, number>();
  const scopes: { readonly filter: string; error: { readonly message: string } | null }[] = [];
  let lose: (info: { readonly reason: string }) => void = () => undefined;
  const lost = new Promise((resolve) => {
    lose = resolve;
  });
  const adapter: AdapterPort = {
    info: { vendor: 'maker', architecture: 'generation', description: '', isFallbackAdapter: software },
    features: { has: (name) => features.includes(name) },
    limits: { maxBufferSize, maxStorageBufferBindingSize: maxBufferSize },
    requestDevice({ requiredLimits }) {
      log.limits = requiredLimits;
      return Promise.resolve({
        lost,
        queue: {
          writeBuffer(buffer, offset, data) {
            expect(offset + data.byteLength).toBe(sizeOf.get(buffer));
          },
          onSubmittedWorkDone: () => Promise.resolve(),
        },
        pushErrorScope: (filter) => void scopes.push({ filter, error: null }),
        popErrorScope: () => Promise.resolve(scopes.pop()?.error),
        createBuffer({ size }) {
          if (size > throwsAtBytes) throw new RangeError('no room for a mapping');
          expect(size).toBeLessThanOrEqual(maxBufferSize);
          log.sizes.push(size);
          const refused = log.usedBytes + size > memoryBytes;
          if (log.usedBytes + size > lostAtBytes) lose({ reason: 'unknown' });
          const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
          if (refused && scope !== undefined) scope.error = { message: 'out of memory' };
          if (!refused) log.usedBytes += size;
          log.peakBytes = Math.max(log.peakBytes, log.usedBytes);
          const buffer = {
            destroy: () => {
              if (!refused) log.usedBytes -= size;
            },
          };
          sizeOf.set(buffer, size);
          return buffer;
        },
        // Takes all buffers with it.
        destroy: () => {
          log.destroyed = true;
          log.usedBytes = 0;
        },
      });
    },
  };
  const gpu: GpuPort = { requestAdapter: () => Promise.resolve(adapter) };
  return { gpu, log, scopes };
}

const makePorts = (change: Partial<ProbePorts> = {}): ProbePorts => ({
  gpu: undefined,
  device: { userAgent: 'agent', logicalCores: 4, memoryGiB: 8, crossOriginIsolated: true },
  validateWasm: () => true,
  estimateStorage: () => Promise.resolve({ quota: 1000.5, usage: 10 }),
  now: () => 5,
  ...change,
});

type AvailableGpu = Extract<GpuCard, { available: true }>;
async function probe(options: FakeGpuOptions, change: Partial<ProbePorts> = {}) {
  const { gpu, log, scopes } = makeGpu(options);
  const card = await probeDevice(makePorts({ gpu, ...change }));
  expect(card.gpu.available).toBe(true);
  expect(parseDeviceCard(structuredClone(card))).toEqual(card);
  // All is given back, whatever happened.
  expect(log).toMatchObject({ usedBytes: 0, destroyed: true });
  return { card: card.gpu as AvailableGpu, log, scopes };
}

describe('the memory of a graphics device', () => {
  it('is what was really allocated, to within 64 MiB', async () => {
    const { card, log, scopes } = await probe({ memoryBytes: 3 * GIB + 700 * MIB });
    expect(card.allocatableBytes).toBeLessThanOrEqual(3 * GIB + 700 * MIB);
    expect(card.allocatableBytes).toBeGreaterThan(3 * GIB + 636 * MIB);
    expect(card.allocatableIsLeast).toBe(false);
    expect(log.peakBytes).toBe(card.allocatableBytes);
    expect(log.sizes.length).toBeLessThan(16);
    expect(scopes).toEqual([]);
  });

  it('is asked for up to a cap', async () => {
    const { card, log } = await probe({ memoryBytes: 64 * GIB });
    expect(card).toMatchObject({ allocatableBytes: 8 * GIB, allocatableIsLeast: true });
    expect(log.peakBytes).toBe(8 * GIB);
  });

  it('is asked for with care where it is the memory of the CPU', async () => {
    const { card } = await probe({ memoryBytes: 64 * GIB, software: true });
    expect(card).toMatchObject({ software: true, allocatableBytes: GIB, allocatableIsLeast: true });
  });

  it('is put together from buffers that the adapter allows', async () => {
    const { card, log } = await probe({ memoryBytes: GIB, maxBufferSize: 200 * MIB });
    expect(Math.max(...log.sizes)).toBe(200 * MIB);
    expect(card.allocatableBytes).toBe(1000 * MIB);
    expect(card).toMatchObject({ maxBufferBytes: 200 * MIB, maxBindingBytes: 200 * MIB });
    expect(log.limits).toEqual({
      maxBufferSize: 200 * MIB,
      maxStorageBufferBindingSize: 200 * MIB,
    });
  });

  it('is nothing where not even 64 MiB are left', async () => {
    const { card } = await probe({ memoryBytes: 10 * MIB });
    expect(card).toMatchObject({ allocatableBytes: 0, allocatableIsLeast: false });
  });

  it('ends where the device is lost', async () => {
    const { card } = await probe({ memoryBytes: 64 * GIB, lostAtBytes: 3 * GIB });
    expect(card.allocatableIsLeast).toBe(false);
    expect(card.allocatableBytes).toBeLessThanOrEqual(3 * GIB);
  });

  it('ends where a buffer throws', async () => {
    const { card } = await probe({ memoryBytes: 300 * MIB, throwsAtBytes: 100 * MIB });
    expect(card.allocatableBytes).toBe(256 * MIB);
  });

  it('takes a few seconds at most', async () => {
    let time = 0;
    const { card, log } = await probe({ memoryBytes: 64 * GIB }, { now: () => (time += 1_500) });
    expect(card.allocatableIsLeast).toBe(true);
    expect(log.sizes).toHaveLength(2);
  });
});

describe('the card', () => {
  it('tells features', async () => {
    expect((await probe({})).card).toMatchObject({ shaderF16: true, subgroups: true, software: false });
    expect((await probe({ features: [] })).card).toMatchObject({ shaderF16: false, subgroups: false });
  });

  it.each([
    ['no-webgpu', undefined, ''],
    ['no-adapter', { requestAdapter: () => Promise.resolve(null) }, ''],
    ['no-adapter', { requestAdapter: () => Promise.reject(new Error('blocked')) }, 'blocked'],
  ] as const)('says %s', async (code, gpu, detail) => {
    const card = await probeDevice(makePorts({ gpu }));
    expect(card.gpu).toEqual({ available: false, code, detail });
  });

  it('says why a device could not be opened', async () => {
    const { gpu } = makeGpu();
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) throw new Error('no adapter');
    const refusing: GpuPort = {
      requestAdapter: () =>
        Promise.resolve({ ...adapter, requestDevice: () => Promise.reject(new Error('limit too large')) }),
    };
    const card = await probeDevice(makePorts({ gpu: refusing }));
    expect(card.gpu).toEqual({ available: false, code: 'no-device', detail: 'limit too large' });
  });

  it('has the device, its storage and what its WASM can do', async () => {
    const card = await probeDevice(makePorts());
    expect(card).toEqual({
      version: 1,
      probedAt: 5,
      userAgent: 'agent',
      logicalCores: 4,
      memoryGiB: 8,
      crossOriginIsolated: true,
      wasm: { simd: true, relaxedSimd: true, memory64: true },
      storage: { quotaBytes: 1000, usedBytes: 10 },
      gpu: { available: false, code: 'no-webgpu', detail: '' },
    });
    expect(parseDeviceCard(card)).toEqual(card);
  });

  it('does without what the browser does not tell', async () => {
    const device = { userAgent: 'agent', logicalCores: 1, crossOriginIsolated: false };
    for (const estimateStorage of [() => Promise.resolve({}), () => Promise.reject(new Error('blocked'))]) {
      const card = await probeDevice(makePorts({ device, estimateStorage }));
      expect(card).not.toHaveProperty('storage');
      expect(card).not.toHaveProperty('memoryGiB');
      expect(parseDeviceCard(card)).toEqual(card);
    }
  });

  it('asks about WASM with modules that are valid but for one feature', async () => {
    const modules: Uint8Array<ArrayBuffer>[] = [];
    const validateWasm = (module: Uint8Array<ArrayBuffer>) => {
      modules.push(module);
      return WebAssembly.validate(module);
    };
    const { wasm } = await probeDevice(makePorts({ validateWasm }));
    expect(wasm.simd).toBe(true);
    expect(modules).toHaveLength(3);
    expect(new Set(modules.map((module) => module.join())).size).toBe(3);
  });
});
