import { toFault, type Fault } from '../../domain/fault';
import type { InferenceErrorCode } from '../../inference/index';

/**
 * The library's own errors carry a code; anything else is what `toFault` makes of it. `file` and `request` name
 * what was read and what was asked.
 */
export function classifySimdError(error: unknown, file: string, request = 'request'): Fault {
  if (!isInferenceError(error)) return toFault(error);
  const detail = error.message;
  switch (error.code) {
    case 'unsupported':
    case 'out-of-memory':
    case 'device-lost':
    case 'engine':
      return { kind: error.code, detail };
    case 'bad-file':
      return { kind: 'bad-input', what: file, detail };
    case 'bad-input':
      return { kind: 'bad-input', what: request, detail };
    case 'read-failed':
      return { kind: 'engine', detail };
  }
}

/** By name, not by class: importing the class would load the engine with the adapter. */
function isInferenceError(error: unknown): error is Error & { readonly code: InferenceErrorCode } {
  return error instanceof Error && error.name === 'InferenceError' && 'code' in error;
}
