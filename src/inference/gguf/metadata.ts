import { InferenceError } from '../errors';
import type { GgufMetadata, GgufNumbers } from './types';

function wrongKind(key: string, wanted: string): InferenceError {
  return new InferenceError('bad-file', `metadata '${key}' is not ${wanted}`);
}

function required<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new InferenceError('bad-file', `metadata '${key}' is missing`);
  return value;
}

/** The number under `key`, or undefined; throws `bad-file` when it is of another kind. */
export function readOptionalNumber(metadata: GgufMetadata, key: string): number | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'number') return value;
  throw wrongKind(key, 'a number');
}

export function readNumber(metadata: GgufMetadata, key: string): number {
  return required(readOptionalNumber(metadata, key), key);
}

/** The string under `key`, or undefined; throws `bad-file` when it is of another kind. */
export function readOptionalString(metadata: GgufMetadata, key: string): string | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'string') return value;
  throw wrongKind(key, 'a string');
}

export function readString(metadata: GgufMetadata, key: string): string {
  return required(readOptionalString(metadata, key), key);
}

/** The boolean under `key`, or undefined; throws `bad-file` when it is of another kind. */
export function readOptionalBoolean(metadata: GgufMetadata, key: string): boolean | undefined {
  const value = metadata.get(key);
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrongKind(key, 'true or false');
}

/** The strings under `key`, or undefined; throws `bad-file` when they are of another kind. */
function readOptionalStrings(metadata: GgufMetadata, key: string): readonly string[] | undefined {
  const value = metadata.get(key);
  if (value === undefined || Array.isArray(value)) return value as readonly string[] | undefined;
  // An empty array carries its element type in the file only: accept any.
  if (typeof value === 'object' && value.length === 0) return [];
  throw wrongKind(key, 'an array of strings');
}

export function readStrings(metadata: GgufMetadata, key: string): readonly string[] {
  return required(readOptionalStrings(metadata, key), key);
}

/** The numbers under `key`, or undefined; throws `bad-file` when they are of another kind. */
export function readOptionalNumbers(metadata: GgufMetadata, key: string): GgufNumbers | undefined {
  const value = metadata.get(key);
  if (value === undefined || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value) && value.length === 0) return new Float64Array(0);
  throw wrongKind(key, 'an array of numbers');
}

export function readNumbers(metadata: GgufMetadata, key: string): GgufNumbers {
  return required(readOptionalNumbers(metadata, key), key);
}
