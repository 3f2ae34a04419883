import * as v from 'valibot';
import { parseWith } from '../parse';

const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(65_536));

const adapterSchema = v.strictObject({
  available: v.literal(true),
  vendor: text(120),
  architecture: text(120),
  description: text(200),
  /** Computes on the CPU: right, but slow. */
  software: v.boolean(),
  shaderF16: v.boolean(),
  subgroups: v.boolean(),
  /** The largest buffer, and the largest part of one that a shader may see, as the adapter says. */
  maxBufferBytes: bytes,
  maxBindingBytes: bytes,
  /** What could really be allocated at once, in buffers that were written to. */
  allocatableBytes: bytes,
  /** The probe ended at its own limit or time: there may be more. */
  allocatableIsLeast: v.boolean(),
});

const noAdapterSchema = v.strictObject({
  available: v.literal(false),
  /** The browser has no WebGPU; it has, but no graphics device for it; the device could not be opened. */
  code: v.picklist(['no-webgpu', 'no-adapter', 'no-device']),
  detail: text(400),
});

const deviceCardSchema = v.strictObject({
  version: v.literal(1),
  /** Milliseconds since 1970. */
  probedAt: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15)),
  userAgent: text(1_000),
  logicalCores: count,
  /** As the browser rounds it, and never above 8 or 32; absent where the browser does not tell. */
  memoryGiB: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(65_536))),
  /** Shared memory, and so threads, are available. */
  crossOriginIsolated: v.boolean(),
  wasm: v.strictObject({ simd: v.boolean(), relaxedSimd: v.boolean(), memory64: v.boolean() }),
  /** Absent where the browser does not tell. */
  storage: v.exactOptional(v.strictObject({ quotaBytes: bytes, usedBytes: bytes })),
  gpu: v.variant('available', [adapterSchema, noAdapterSchema]),
});

/** What a probe found out about this device. It has all of `Device`, so it can stand in for one. */
export type DeviceCard = Readonly<v.InferOutput<typeof deviceCardSchema>>;
export type GpuCard = DeviceCard['gpu'];

/** A card from a store, perhaps of another version of this page. @throws FaultError `bad-input` */
export function parseDeviceCard(input: unknown): DeviceCard {
  return parseWith(deviceCardSchema, input, 'device card');
}
