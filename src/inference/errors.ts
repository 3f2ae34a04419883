/**
 * Why an operation of this library failed.
 * - `bad-file`: the bytes are damaged, truncated, contradictory or hostile.
 * - `unsupported`: a valid file or request that this engine does not handle; the message names the feature.
 * - `read-failed`: a byte source could not deliver (network, storage); trying again may help.
 * - `out-of-memory`: the device could not give the memory that the model or context needs.
 * - `bad-input`: the caller passed something out of range.
 * - `device-lost`: the graphics device was reset or taken away; the model must be opened again.
 * - `engine`: a worker or a WASM instance died; the model must be opened again.
 */
export type InferenceErrorCode =
  'bad-file' | 'unsupported' | 'read-failed' | 'out-of-memory' | 'bad-input' | 'device-lost' | 'engine';

const MAX_MESSAGE = 400;

/** The only error class that this library throws on its own account. Aborting rejects with `signal.reason`. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  constructor(
    readonly code: InferenceErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    // Names come from files and may be 64 KiB long.
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message, options);
  }
}
