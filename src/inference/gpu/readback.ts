import { USAGE } from './memory';
import type { GpuParts } from './gpu-parts';

/** Copies results from the device. One copy at a time. */
export class Readback {
  readonly #parts: Pick<GpuParts, 'runner' | 'buffers' | 'vocabulary'>;
  #staging: GPUBuffer | undefined;

  constructor(parts: Pick<GpuParts, 'runner' | 'buffers' | 'vocabulary'>) {
    this.#parts = parts;
  }

  /** 16 bytes about each of `count` rows, and their logits where these are needed. */
  async rows(
    count: number,
    needsLogits: boolean,
  ): Promise<{ readonly results: DataView; readonly logits: Float32Array }> {
    const { buffers, vocabulary } = this.#parts;
    const logitBytes = needsLogits ? count * vocabulary * 4 : 0;
    const bytes = await this.#read([
      { buffer: buffers.results, bytes: count * 16 },
      { buffer: buffers.logits, bytes: logitBytes },
    ]);
    return {
      results: new DataView(bytes, 0, count * 16),
      logits: new Float32Array(bytes, count * 16, logitBytes / 4),
    };
  }

  /** Pairs of a logit and a rank. */
  async picked(count: number): Promise<Float32Array> {
    return new Float32Array(await this.#read([{ buffer: this.#parts.buffers.picked, bytes: count * 8 }]));
  }

  async #read(
    parts: readonly { readonly buffer: GPUBuffer; readonly bytes: number }[],
  ): Promise<ArrayBuffer> {
    const { runner } = this.#parts;
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const staging = this.#grow(bytes);
    runner.submit((encoder) => {
      let at = 0;
      for (const part of parts) {
        if (part.bytes > 0) encoder.copyBufferToBuffer(part.buffer, 0, staging, at, part.bytes);
        at += part.bytes;
      }
    });
    const [mapRead] = [1];
    await runner.wait(staging.mapAsync(mapRead, 0, Math.ceil(bytes / 8) * 8));
    const copy = staging.getMappedRange(0, Math.ceil(bytes / 8) * 8).slice(0, bytes);
    staging.unmap();
    return copy;
  }

  #grow(bytes: number): GPUBuffer {
    if (this.#staging === undefined || this.#staging.size < bytes) {
      this.#staging?.destroy();
      const size = Math.ceil(bytes / 1024) * 1024;
      this.#staging = this.#parts.runner.device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyTo });
    }
    return this.#staging;
  }

  destroy(): void {
    this.#staging?.destroy();
  }
}
