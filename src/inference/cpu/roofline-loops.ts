import { createMemory, instantiate, probeDotMode } from './binary';
import type { DotMode, EngineExports, SimdBuild } from './binary';

/** After the binary's own data and stack. */
const BUFFER_AT = 131_072;
/** Bytes read, and dot product rounds run, between two looks at the clock. */
const READ_STEP_BYTES = 4 << 20;
const DOT_STEP_ROUNDS = 20_000;

export type RooflineLoop = 'read' | 'dot';

/** kernels/roofline.h, in its order. */
const LOOP_KERNELS = ['dot32', 'sum16', 'pairs'] as const;
/** A kernel whose multiply-add is measured (kernels/matmul.h). */
export type LoopKernel = (typeof LOOP_KERNELS)[number];

/** The fastest kernel of a build and dot product, where the types of the weights leave a choice. */
export function fastestKernel(build: SimdBuild, dotMode: DotMode): LoopKernel {
  if (build === 'wasm32-plain') return 'pairs';
  return dotMode === 'saturating' ? 'sum16' : 'dot32';
}

/** The loops of kernels/roofline.h, in a memory of their own. */
export interface RooflineLoops {
  readonly dotMode: DotMode;
  readonly kernel: LoopKernel;
  /** Runs for about `milliseconds`; bytes or operations per second. */
  measure(loop: RooflineLoop, milliseconds: number): number;
}

/**
 * @param bufferBytes memory to read, a multiple of 4 MiB; no memory is shared, so this works without isolation too
 * @param kernel whose multiply-add `dot` repeats; default: the machine's fastest
 */
export async function createRooflineLoops(
  module: WebAssembly.Module,
  build: SimdBuild,
  bufferBytes: number,
  kernel?: LoopKernel,
  now: () => number = () => performance.now(),
): Promise<RooflineLoops> {
  const memory = createMemory(build, BUFFER_AT + bufferBytes, false);
  const engine = await instantiate(module, memory);
  // Untouched pages are all one page of zeros, which would be read from the cache.
  new Uint8Array(memory.buffer, BUFFER_AT, bufferBytes).fill(1);
  let readAt = 0;
  const dotMode = probeDotMode(engine);
  const chosen = build === 'wasm32-plain' ? 'pairs' : (kernel ?? fastestKernel(build, dotMode));
  return {
    dotMode,
    kernel: chosen,
    measure(loop, milliseconds) {
      const start = now();
      let done = 0;
      let elapsed: number;
      do {
        if (loop === 'dot') {
          done += runDots(engine, chosen, DOT_STEP_ROUNDS);
        } else {
          engine.readLoop(BUFFER_AT + readAt, READ_STEP_BYTES);
          readAt = (readAt + READ_STEP_BYTES) % bufferBytes;
          done += READ_STEP_BYTES;
        }
        elapsed = now() - start;
      } while (elapsed < milliseconds);
      return (done / elapsed) * 1000;
    },
  };
}

function runDots(engine: EngineExports, kernel: LoopKernel, rounds: number): number {
  const index = LOOP_KERNELS.indexOf(kernel);
  engine.dotLoop(index, rounds, 0x03020101, 0x01020301);
  return rounds * engine.dotRoundOps(index);
}
