import { elementAt } from '../element-at';
import { InferenceError } from '../errors';

/** The three builds of one C source: 64-bit memory, 32-bit memory, and 32-bit without relaxed SIMD. */
export type SimdBuild = 'wasm64-relaxed' | 'wasm32-relaxed' | 'wasm32-plain';

/** What the machine's dot product does with a second operand above 127 (kernels/frames.h). */
export type DotMode = 'signed' | 'unsigned' | 'saturating';
export const DOT_MODES: readonly DotMode[] = ['signed', 'unsigned', 'saturating'];

/** Addresses are plain numbers, in 64-bit memory too. */
export interface EngineExports {
  scratchBytes(model: number): number;
  groupBytes(type: number, columns: number): number;
  run(model: number): void;
  work(model: number, thread: number): void;
  quit(model: number): void;
  repack(type: number, source: number, rows: number, columns: number, target: number, shift: number): number;
  /** The `index`-th fact of kernels/engine.c that TypeScript repeats. */
  describe(index: number): number;
  dotMode(a: number, w: number): number;
  /** A matrix (kernels/frames.h) times `count` rows of f32. */
  multiply(matrix: number, x: number, count: number, activations: number, scratch: number, out: number): void;
  testRow(matrix: number, row: number, scratch: number, out: number): void;
  readLoop(from: number, bytes: number): number;
  /** `kernel`: one of kernels/roofline.h; the plain build has one. */
  dotRoundOps(kernel: number): number;
  dotLoop(kernel: number, rounds: number, a: number, w: number): number;
}

export const PAGE_BYTES = 65_536;
const MAX_BYTES_32 = 65_536 * PAGE_BYTES;
const MAX_BYTES_64 = 262_144 * PAGE_BYTES;

// (module (func (result v128) (i32x4.relaxed_dot_i8x16_i7x16_add_s (v128.const..)..)))
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
  253, 15, 65, 0, 253, 15, 253, 147, 2, 11,
]);
// (module (memory i64 1 1 shared))
const MEMORY64_PROBE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 4, 1, 7, 1, 1]);
// (module (func (result v128) (i8x16.splat (i32.const 0))))
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11,
]);

const validate = (bytes: Uint8Array) => WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>);

/** Whether this engine (browser or Node) can run a build. */
export function supportsBuild(build: SimdBuild): boolean {
  if (build === 'wasm32-plain') return validate(SIMD_PROBE);
  return validate(RELAXED_PROBE) && (build === 'wasm32-relaxed' || validate(MEMORY64_PROBE));
}

/** The fastest build that runs here and can hold `bytes`; throws when there is none. */
export function chooseBuild(bytes: number, forced?: SimdBuild): SimdBuild {
  const wanted: readonly SimdBuild[] = forced
    ? [forced]
    : ['wasm32-relaxed', 'wasm64-relaxed', 'wasm32-plain'];
  const runnable = wanted.filter(supportsBuild);
  if (runnable.length === 0) {
    throw new InferenceError(
      'unsupported',
      forced ? `the build ${forced} on this device` : 'SIMD on this device',
    );
  }
  const fitting = runnable.find((build) => bytes <= maxBytes(build));
  if (!fitting) {
    throw new InferenceError(
      'out-of-memory',
      `the model needs ${bytes} bytes of memory, this browser can address ${Math.max(...runnable.map(maxBytes))}`,
    );
  }
  return fitting;
}

function maxBytes(build: SimdBuild): number {
  return build === 'wasm64-relaxed' ? MAX_BYTES_64 : MAX_BYTES_32;
}

/** Fetches a build's bytes from beside this module. */
export async function fetchBinary(build: SimdBuild): Promise<Uint8Array> {
  // Literal URLs, so that bundlers find the files.
  const urls: Record<SimdBuild, URL> = {
    'wasm64-relaxed': new URL('./binaries/wasm64-relaxed.wasm', import.meta.url),
    'wasm32-relaxed': new URL('./binaries/wasm32-relaxed.wasm', import.meta.url),
    'wasm32-plain': new URL('./binaries/wasm32-plain.wasm', import.meta.url),
  };
  let response: Response;
  try {
    response = await fetch(urls[build]);
  } catch (cause) {
    throw new InferenceError('read-failed', `cannot load the engine ${build}`, { cause });
  }
  if (!response.ok)
    throw new InferenceError('read-failed', `the engine ${build} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The limits byte of the binary's memory import: the length of `env` and `memory` fix its place. */
function memoryFlagsAt(bytes: Uint8Array): number {
  const name = new TextEncoder().encode('\x03env\x06memory\x02');
  for (let at = 8; at < Math.min(bytes.length, 4096); at++) {
    if (name.every((byte, index) => bytes[at + index] === byte)) return at + name.length;
  }
  throw new InferenceError('engine', 'the engine does not import its memory');
}

/**
 * Compiles a build. Without `shared` the memory import is made unshared (one bit), which is what pages without
 * cross-origin isolation, where nobody can share memory, may use.
 */
export async function compileBinary(bytes: Uint8Array, shared: boolean): Promise<WebAssembly.Module> {
  const copy = Uint8Array.from(bytes);
  if (!shared) {
    const flagsAt = memoryFlagsAt(copy);
    copy[flagsAt] = elementAt(copy, flagsAt) & ~2;
  }
  try {
    return await WebAssembly.compile(copy);
  } catch (cause) {
    throw new InferenceError('engine', 'the engine does not compile', { cause });
  }
}

export function createMemory(build: SimdBuild, bytes: number, shared: boolean): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const wide = build === 'wasm64-relaxed';
  const count = (value: number) => (wide ? BigInt(value) : value) as number;
  try {
    return new WebAssembly.Memory({
      initial: count(pages),
      maximum: count(pages),
      ...(shared ? { shared } : {}),
      ...(wide ? { address: 'i64' } : {}),
    });
  } catch (cause) {
    throw new InferenceError('out-of-memory', `cannot get ${pages * PAGE_BYTES} bytes of memory`, { cause });
  }
}

/** One thread's instance; `stackTop` is the end of its stack, undefined for the leader. */
export async function instantiate(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stackTop?: number,
): Promise<EngineExports> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  if (stackTop !== undefined) {
    const pointer = exports['__stack_pointer'] as WebAssembly.Global;
    pointer.value = typeof pointer.value === 'bigint' ? BigInt(stackTop) : stackTop;
  }
  return exports as unknown as EngineExports;
}

export function probeDotMode(engine: EngineExports): DotMode {
  return DOT_MODES[engine.dotMode(0x80808080, 0xffffffff)] ?? 'saturating';
}
