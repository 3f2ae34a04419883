import { FaultError } from '../domain/fault';
import type { LoraMerge } from '../simd/index';
import { classifySimdError } from './parts/simd-faults';

/** What a merge will write, as the library's header check found it. */
export type { LoraMerge };

const WHAT = 'LoRA merge';

/**
 * Checks that a GGUF adapter fits a model and plans the merged file; its `write` makes it.
 * @param base the parts of the model
 * @throws FaultError `bad-input`, `unsupported`, `engine` or `stopped`; `write` also what its sink throws
 */
export async function prepareLoraMerge(
  base: readonly Blob[],
  adapter: Blob,
  scale: number,
  signal: AbortSignal,
): Promise<LoraMerge> {
  const library = await import('../simd/index');
  try {
    const merge = await library.prepareLoraMerge(
      base.map(library.blobSource),
      library.blobSource(adapter),
      scale,
      signal,
    );
    return {
      ...merge,
      async write(...args) {
        try {
          await merge.write(...args);
        } catch (error) {
          throw new FaultError(classifySimdError(error, WHAT, WHAT), { cause: error });
        }
      },
    };
  } catch (error) {
    throw new FaultError(classifySimdError(error, WHAT, WHAT), { cause: error });
  }
}
