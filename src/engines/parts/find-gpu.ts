export interface Gpu {
  /** As the browser names it. */
  readonly name: string;
  /** Half-precision arithmetic in shaders. */
  readonly hasF16: boolean;
}

/** The graphics device that an engine in this worker would get; undefined without WebGPU or without a device. */
export async function findGpu(): Promise<Gpu | undefined> {
  // Browsers without WebGPU have no such member, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU };
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null || adapter === undefined) return undefined;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description, isFallbackAdapter ? '(software)' : ''];
  return {
    name: name.filter((part) => part !== '').join(' '),
    hasF16: adapter.features.has('shader-f16'),
  };
}
