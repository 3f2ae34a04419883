import { readFileSync } from 'node:fs';
import { describeModel } from '../../architectures/registry';
import type { SimdBuild } from '../../cpu/binary';
import { openCpu } from '../../cpu/open';
import type { CpuOptions } from '../../cpu/open';
import { parseGguf } from '../../gguf/parse';
import { bytesSource } from '../../gguf/source';
import { openGpu } from '../open';
import type { GpuOptions } from '../open';

/** Compiles only what a test needs. */
export async function openTestGpu(bytes: Uint8Array, options: GpuOptions) {
  const source = bytesSource(bytes);
  const model = describeModel(await parseGguf([source]));
  return openGpu(model, [source], { compileAhead: false, ...options });
}

export async function openTestCpu(bytes: Uint8Array, options: CpuOptions = {}) {
  const source = bytesSource(bytes);
  const model = describeModel(await parseGguf([source]));
  return openCpu(model, [source], { build: 'wasm32-plain', loadBinary, threads: 1, ...options });
}

export const loadBinary = (build: SimdBuild) =>
  Promise.resolve(new Uint8Array(readFileSync(new URL(`../../cpu/binaries/${build}.wasm`, import.meta.url))));
