import { FaultError } from '../../domain/fault';
import type { ByteSource, GgufFile } from '../../inference/index';
import { classifySimdError } from './simd-faults';

/**
 * The header of one GGUF file, which may be part of a split: in one pass, whatever is in it.
 * @throws FaultError `bad-input`, `unsupported` or `stopped`, and what the source throws
 */
export async function readGgufPart(source: ByteSource, signal: AbortSignal): Promise<GgufFile> {
  const { parseGgufPart } = await import('../../inference/index');
  try {
    return await parseGgufPart(source, signal);
  } catch (error) {
    throw error instanceof FaultError
      ? error
      : new FaultError(classifySimdError(error, 'GGUF file'), { cause: error });
  }
}
