import { describe } from 'vitest';
import { findTestGpu } from './dawn';

/**
 * Tests that need a graphics device. Without one they are skipped by name, and scripts/count-tests.mjs says so at the
 * end. `device` asks for a new one with every limit that the adapter has, and no optional feature but those named.
 */
export async function describeGpu(
  name: string,
  define: (device: (features?: readonly GPUFeatureName[]) => Promise<GPUDevice>) => void,
): Promise<void> {
  const found = await findTestGpu();
  if ('missing' in found) {
    describe.skip(`${name} (no graphics device: ${found.missing})`, () =>
      define(() => Promise.reject(new Error())));
    return;
  }
  describe(name, () => define((features) => requestTestDevice(found.gpu, features)));
}

export async function requestTestDevice(
  gpu: GPU,
  features: readonly GPUFeatureName[] = [],
): Promise<GPUDevice> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('no adapter');
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return adapter.requestDevice({
    requiredFeatures: [...features],
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
  });
}
