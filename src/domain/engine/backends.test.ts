import { describe, expect, it } from 'vitest';
import { FORMAT_FACTS, FORMATS } from '../model/formats';
import { BACKEND_FACTS, BACKENDS } from './backends';

describe('backends and formats', () => {
  it('keep the names that stored runs, links and catalogs hold', () => {
    expect(BACKENDS).toEqual(expect.arrayContaining(['wasm', 'webgpu']));
    expect(FORMATS).toEqual(expect.arrayContaining(['gguf', 'mlc', 'onnx']));
  });

  it('can each be used: every format runs somewhere, every backend has a name', () => {
    for (const format of FORMATS) expect(FORMAT_FACTS[format].backends.length, format).toBeGreaterThan(0);
    expect(new Set(BACKENDS.map((backend) => BACKEND_FACTS[backend].label)).size).toBe(BACKENDS.length);
  });
});
