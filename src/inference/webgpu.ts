import { openModelOn } from './decoding/open-model';
import type { Model as ModelOn } from './decoding/open-model';
import { InferenceError } from './errors';
import type { GpuInfo } from './gpu/backend';
import { openGpu } from './gpu/open';
import type { GpuOptions } from './gpu/open';
import type { ByteSource } from './gguf/types';

export { blobSource } from './gguf/source';
export type GpuModel = ModelOn<GpuInfo>;

/** Opens a GGUF model on a graphics device: see `openGpu`. The device is destroyed with the model. */
export async function openGpuModel(
  sources: readonly ByteSource[],
  options: Omit<GpuOptions, 'device'> & { readonly gpu?: GPU },
  signal?: AbortSignal,
): Promise<GpuModel> {
  const { gpu = navigator.gpu, ...rest } = options;
  const device = await requestGpuDevice(gpu);
  try {
    signal?.throwIfAborted();
    const model = await openModelOn(openGpu, sources, { ...rest, device }, signal);
    return {
      ...model,
      close() {
        model.close();
        device.destroy();
      },
    };
  } catch (error) {
    device.destroy();
    throw error;
  }
}

/**
 * The faster device, with what its adapter offers of memory and no optional feature. Rejects with `unsupported` where there
 * is none.
 */
export async function requestGpuDevice(gpu: GPU | undefined): Promise<GPUDevice> {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new InferenceError('unsupported', 'there is no graphics device for WebGPU');
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  try {
    return await adapter.requestDevice({ requiredLimits: { maxBufferSize, maxStorageBufferBindingSize } });
  } catch (cause) {
    throw new InferenceError('device-lost', 'the graphics device cannot be had', { cause });
  }
}
