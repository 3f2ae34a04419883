/** The graphics device that an engine in this worker would get. */
export interface Gpu {
  /** As the browser names it. Measurements are kept under it, so an engine and whoever plans must see the same. */
  readonly name: string;
  /** Computed by the CPU. */
  readonly software: boolean;
  readonly features: ReadonlySet<string>;
  readonly maxStorageBufferBytes: number;
}

type GpuSearch = Gpu | 'no-webgpu' | 'no-adapter';

/** Asks for the faster of two cards. @param gpu of this worker, unless another is given */
export async function searchGpu(
  // Browsers without WebGPU have no such member, whatever the types say.
  gpu: Pick<GPU, 'requestAdapter'> | undefined = (navigator as { readonly gpu?: GPU }).gpu,
): Promise<GpuSearch> {
  if (gpu === undefined) return 'no-webgpu';
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null) return 'no-adapter';
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description, isFallbackAdapter ? '(software)' : ''];
  return {
    name: name.filter((part) => part !== '').join(' '),
    software: isFallbackAdapter,
    features: new Set(adapter.features),
    maxStorageBufferBytes: adapter.limits.maxStorageBufferBindingSize,
  };
}

/** Undefined without WebGPU or without a device for it. */
export async function findGpu(): Promise<Gpu | undefined> {
  const found = await searchGpu();
  return typeof found === 'string' ? undefined : found;
}
