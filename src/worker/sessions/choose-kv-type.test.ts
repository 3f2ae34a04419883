import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModel } from '../../domain/model/model';
import { chooseKvType } from './choose-kv-type';

const GIB = 2 ** 30;
const catalog = join(import.meta.dirname, '../../../static-models/catalog');
const model = parseModel(JSON.parse(readFileSync(join(catalog, 'wizardlm-7b.json'), 'utf8')));
const wllama = { id: 'wllama', kvTypes: ['f16', 'q8_0'] } as const;
const device = { wasm: { simd: true, relaxedSimd: true, memory64: true }, memoryGiB: 16 };

/** WizardLM-7B's shape with weights of so many bytes. */
function artifactOf(bytes: number) {
  const artifact = model.artifacts.find(({ format }) => format === 'gguf');
  if (artifact === undefined) throw new Error('no GGUF');
  return { ...artifact, files: [{ name: 'a.gguf', bytes }], companions: [] };
}
const choose = (bytes: number, contextTokens: number, memoryGiB?: number) =>
  chooseKvType(
    wllama,
    'wasm',
    artifactOf(bytes),
    model,
    { wasm: device.wasm, ...(memoryGiB !== undefined && { memoryGiB }) },
    contextTokens,
  );

describe('chooseKvType', () => {
  it('keeps f16 wherever it fits, however tightly', () => {
    expect(choose(1 * GIB, 2048, 16)).toBe('f16');
    // 2.75 GiB + 1 GiB + 0.22 GiB of 4.
    expect(choose(2.75 * GIB, 2048, 16)).toBe('f16');
  });

  it('takes q8_0 where f16 is more than the memory of WASM, and q8_0 is not', () => {
    // 3 GiB + 1 GiB of f16 are over 4 GiB; with 0.53 GiB of q8_0 they are not.
    expect(choose(3 * GIB, 2048, 16)).toBe('q8_0');
    expect(choose(3 * GIB, 512, 16)).toBe('f16');
  });

  it('takes it where f16 is more than the memory of the device', () => {
    expect(choose(1.2 * GIB, 2048, 3)).toBe('q8_0');
    expect(choose(1.2 * GIB, 2048, 4)).toBe('f16');
  });

  it('does not take it for what would not fit either way, or on a guess', () => {
    expect(choose(5 * GIB, 2048, 16)).toBe('f16');
    // The browser tells 8 and means 8 or more.
    expect(choose(2.75 * GIB, 2048, 8)).toBe('f16');
    expect(choose(2.75 * GIB, 2048)).toBe('f16');
  });

  it('leaves engines and devices alone that have no choice', () => {
    const { wasm } = device;
    expect(chooseKvType({ id: 'simd' }, 'wasm', artifactOf(3 * GIB), model, { wasm }, 2048)).toBeUndefined();
    expect(chooseKvType(wllama, 'webgpu', artifactOf(3 * GIB), model, { wasm }, 2048)).toBeUndefined();
  });
});
