/** The graphics device that an engine in this worker would get. */
export interface Gpu {
  /** As the browser names it. */
  readonly name: string;
  readonly features: ReadonlySet<string>;
  readonly maxStorageBufferBytes: number;
}

/** Undefined without WebGPU or without a device for it. */
export async function findGpu(): Promise<Gpu | undefined> {
  // Browsers without WebGPU have no such member, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU };
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null || adapter === undefined) return undefined;
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description, isFallbackAdapter ? '(software)' : ''];
  return {
    name: name.filter((part) => part !== '').join(' '),
    features: new Set(adapter.features),
    maxStorageBufferBytes: adapter.limits.maxStorageBufferBindingSize,
  };
}
