import type { Graphics } from '../sessions/plan-backends';

/** The graphics device that an engine would get; without one it would compute on the CPU or fail. */
export async function findGraphics(): Promise<Graphics> {
  // Browsers without WebGPU have no such member, whatever the types say.
  const { gpu } = navigator as { readonly gpu?: GPU };
  if (gpu === undefined) return { kind: 'no-webgpu' };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return { kind: 'no-adapter' };
  const { vendor, architecture, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, isFallbackAdapter ? '(software)' : ''].filter((part) => part !== '');
  return { kind: 'adapter', name: name.join(' '), software: isFallbackAdapter };
}
