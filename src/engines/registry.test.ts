import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nameEngineVersion } from '../../scripts/engine-build.mjs';
import type { Device } from '../domain/engine/engine';
import { parseModel, type Artifact } from '../domain/model/model';
import { FORMATS } from '../domain/model/formats';
import { engineRegistry } from './registry';

const HASH = 'a'.repeat(64);
const device: Device = { userAgent: 'agent', logicalCores: 1, crossOriginIsolated: false };

function makeArtifact(format: Artifact['format']): Artifact {
  const [artifact] = parseModel({
    id: 'model',
    name: 'Model',
    family: 'Family',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id: 'artifact',
        format,
        ...(format === 'mlc' && { mlc: { library: 'SmolLM2-135M-Instruct-q0f32-MLC', repo: 'a/b' } }),
        ...(format === 'onnx' && { onnx: { repo: 'a/b', dtype: 'q8' } }),
        quantization: 'Q4_0',
        contextTokens: 2048,
        files: [{ name: 'a.bin', bytes: 1, sha256: HASH, manifest: 'a/manifest.json' }],
      },
    ],
  }).artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  return artifact;
}

describe('the engines', () => {
  it('are one a file, and named like it', () => {
    const files = readdirSync(import.meta.dirname)
      // roofline.ts measures the device and merge-lora.ts makes a file; wllama-score.ts is part of wllama.
      .filter(
        (name) =>
          name.endsWith('.ts') &&
          !/^(index|registry|roofline|merge-lora|wllama-score)\.ts$|\.test\.ts$/.test(name),
      )
      .map((name) => name.replace(/\.ts$/, ''));
    expect(engineRegistry.map(({ id }) => id).sort()).toEqual(files.sort());
  });

  it.each(engineRegistry.map((engine): [string, typeof engine] => [engine.id, engine]))(
    '%s supports only the formats that it names, and says why not',
    (_id, engine) => {
      expect(engine.formats.length).toBeGreaterThan(0);
      expect(engine.backends.length).toBeGreaterThan(0);
      expect(engine.label).not.toBe('');
      for (const format of FORMATS) {
        const support = engine.supports(makeArtifact(format), device);
        if (!engine.formats.includes(format)) expect(support).toMatchObject({ ok: false });
        if (!support.ok) expect(support.reason).not.toBe('');
      }
    },
  );

  it.each(engineRegistry.map((engine): [string, typeof engine] => [engine.id, engine]))(
    '%s opens nothing after a stop',
    async (_id, engine) => {
      const [format = 'gguf'] = engine.formats;
      const open = engine.open(
        makeArtifact(format),
        [{ name: 'a.bin', blob: new Blob(['junk']) }],
        { contextTokens: 2048, threads: 1, backend: 'wasm' },
        AbortSignal.abort(),
      );
      await expect(open).rejects.toMatchObject({ fault: { kind: 'stopped' } });
    },
  );

  it('names our own by its kernels, so that what others measured counts for nothing', () => {
    const binaries = join(import.meta.dirname, '../inference/cpu/binaries');
    const version = engineRegistry.find(({ id }) => id === 'simd')?.version ?? '';
    expect(version).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{8}$/);
    expect(version).toBe(nameEngineVersion(version.split('+')[0] ?? '', binaries));
  });

  it('can run every bundled format', () => {
    expect(engineRegistry.some((engine) => engine.supports(makeArtifact('gguf'), device).ok)).toBe(true);
  });
});
