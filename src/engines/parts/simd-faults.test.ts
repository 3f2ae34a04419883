import { expect, it } from 'vitest';
import { InferenceError, type InferenceErrorCode } from '../../inference/index';
import { classifySimdError } from './simd-faults';

it.each<[InferenceErrorCode, object]>([
  ['unsupported', { kind: 'unsupported', detail: 'why' }],
  ['out-of-memory', { kind: 'out-of-memory', detail: 'why' }],
  ['device-lost', { kind: 'device-lost', detail: 'why' }],
  ['engine', { kind: 'engine', detail: 'why' }],
  ['read-failed', { kind: 'engine', detail: 'why' }],
  ['bad-file', { kind: 'bad-input', what: 'GGUF file', detail: 'why' }],
  ['bad-input', { kind: 'bad-input', what: 'merge', detail: 'why' }],
])('an error of the code %s', (code, fault) => {
  expect(classifySimdError(new InferenceError(code, 'why'), 'GGUF file', 'merge')).toEqual(fault);
});

it('an abort is no error of the library', () => {
  expect(classifySimdError(new DOMException('enough', 'AbortError'), 'GGUF file')).toEqual({
    kind: 'stopped',
  });
});
