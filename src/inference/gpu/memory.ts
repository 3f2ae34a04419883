import { InferenceError } from '../errors';

/** GPUBufferUsage, which Node has not. */
export const USAGE = { mapRead: 0x1, copyFrom: 0x4, copyTo: 0x8, uniform: 0x40, storage: 0x80 } as const;

/** Every buffer that was made on a device, to be freed together. */
export class DeviceMemory {
  readonly #buffers: GPUBuffer[] = [];
  bytes = 0;

  constructor(readonly device: GPUDevice) {}

  /** A buffer of at least so many 32-bit words, filled with zeros. Throws `out-of-memory` beyond the device's limits. */
  create(label: string, words: number, usage: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(words / 4) * 16);
    const { maxStorageBufferBindingSize, maxBufferSize } = this.device.limits;
    const most = usage & USAGE.storage ? Math.min(maxStorageBufferBindingSize, maxBufferSize) : maxBufferSize;
    if (size > most) {
      throw new InferenceError('out-of-memory', `${size} bytes of ${label}, where the device gives ${most}`);
    }
    const buffer = this.device.createBuffer({ label, size, usage });
    this.#buffers.push(buffer);
    this.bytes += size;
    return buffer;
  }

  /**
   * Runs `allocate` and rejects with `out-of-memory` if the device could not give what it asked for. A device says so
   * afterwards, and would compute with buffers that are not there.
   */
  async guard<T>(allocate: () => T): Promise<T> {
    this.device.pushErrorScope('out-of-memory');
    const outcome = attempt(allocate);
    const error = await this.device.popErrorScope();
    if (error) throw new InferenceError('out-of-memory', error.message);
    return outcome();
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}

/** What `compute` returned or threw, to be had later. */
function attempt<T>(compute: () => T): () => T {
  try {
    const value = compute();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
