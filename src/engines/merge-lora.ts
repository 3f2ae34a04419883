import { FaultError } from '../domain/fault';
import type { ByteSource, LoraMerge } from '../inference/index';
import { classifySimdError } from './parts/simd-faults';

/** What a merge will write, as the library's header check found it. */
export type { ByteSource, LoraMerge };

const WHAT = 'LoRA merge';

/**
 * Checks that a GGUF adapter fits a model and plans the merged file; its `write` makes it.
 * @param base the parts of the model; where only the plan is wanted, of any source, for no more than headers are read
 * @throws FaultError `bad-input`, `unsupported`, `engine` or `stopped`; `write` also what its sink throws
 */
export async function prepareLoraMerge(
  base: readonly (Blob | ByteSource)[],
  adapter: Blob | ByteSource,
  scale: number,
  signal: AbortSignal,
): Promise<LoraMerge> {
  const library = await import('../inference/index');
  const toSource = (file: Blob | ByteSource) => (file instanceof Blob ? library.blobSource(file) : file);
  try {
    const merge = await library.prepareLoraMerge(base.map(toSource), toSource(adapter), scale, signal);
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
