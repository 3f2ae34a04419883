import type { BufferSizes, Measures, ModelBuffers } from './model-buffers';
import type { Programs } from './program';
import type { Runner } from './runner';

/** What an open model consists of on the device. */
export interface GpuParts {
  readonly runner: Runner;
  readonly programs: Programs;
  readonly buffers: ModelBuffers;
  readonly sizes: BufferSizes;
  readonly measures: Measures;
  readonly vocabulary: number;
  readonly layers: number;
  /** Frees everything. */
  release(): void;
}
