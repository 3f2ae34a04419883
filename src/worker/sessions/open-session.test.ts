import { describe, expect, it } from 'vitest';
import type { Engine, OpenOptions, Session } from '../../domain/engine/engine';
import { forgetCalibration } from './calibration';
import { openWithEngine, type OpenWith } from './open-session';

const device = { userAgent: 'agent', logicalCores: 4, crossOriginIsolated: true };
const artifact: OpenWith['artifact'] = {
  id: 'artifact',
  format: 'gguf',
  quantization: 'Q4_0',
  contextTokens: 256,
  files: [],
  companions: [],
  unverified: false,
};

/** An engine that finds 64 the fastest, and tells what it was opened with. */
function makeBench(traits: Partial<Engine> = {}) {
  const opened: OpenOptions[] = [];
  const stored = new Map<string, unknown>();
  const settings = {
    get: (key: string) => Promise.resolve(stored.get(key)),
    set: (key: string, value: unknown) => {
      stored.set(key, value);
      return Promise.resolve();
    },
  };
  const engine: Engine = {
    id: 'simd',
    label: 'SIMD',
    formats: ['gguf'],
    backends: ['wasm', 'webgpu'],
    version: '1',
    choosesThreads: true,
    choosesBatch: true,
    supports: () => ({ ok: true }),
    open(_artifact, _files, options) {
      opened.push(options);
      const { batchTokens = 512, threads, contextTokens, backend } = options;
      const session: Session = {
        info: {
          engineId: 'simd',
          engineVersion: '1',
          backend,
          threads: threads === 'measure' ? 4 : threads,
          contextTokens,
          batchTokens: batchTokens === 'measure' ? 64 : batchTokens,
        },
        complete: () => {
          throw new Error('not asked here');
        },
        close: () => Promise.resolve(),
      };
      return Promise.resolve(session);
    },
    ...traits,
  };
  const open = async (more: Partial<OpenWith> = {}, on = engine) => {
    const wish = { artifact, files: [], contextTokens: 256, device, backend: 'wasm' as const, ...more };
    const { info } = await openWithEngine(on, wish, settings, () => undefined, new AbortController().signal);
    return { info, asked: opened.at(-1) };
  };
  return { open, stored, settings, engine };
}

describe('the size of a batch', () => {
  it('is measured by the engine once, and then remembered', async () => {
    const bench = makeBench();
    expect(await bench.open()).toMatchObject({
      asked: { batchTokens: 'measure' },
      info: { batchTokens: 64 },
    });
    expect(await bench.open()).toMatchObject({ asked: { batchTokens: 64 }, info: { batchTokens: 64 } });
    // For this model, with this version.
    expect((await bench.open({ artifact: { ...artifact, id: 'other' } })).asked?.batchTokens).toBe('measure');
    expect((await bench.open({}, { ...bench.engine, version: '2' })).asked?.batchTokens).toBe('measure');
  });

  it('is measured anew after it was forgotten, and where what is stored is none', async () => {
    const bench = makeBench();
    await bench.open();
    await forgetCalibration(bench.settings, artifact.id, [bench.engine], device);
    expect((await bench.open()).asked?.batchTokens).toBe('measure');
    for (const junk of ['64', -1, 0, 1.5, NaN]) {
      for (const key of bench.stored.keys()) bench.stored.set(key, junk);
      expect((await bench.open()).asked?.batchTokens).toBe('measure');
    }
  });

  it('is that of the run which goes on, like its threads and the precision of its cache', async () => {
    const bench = makeBench({ choosesThreads: false });
    await bench.open({ threads: 1 });
    const before = { threads: 3, kvType: 'q8_0', batchTokens: 32 } as const;
    expect((await bench.open({ before, kvType: 'f16' })).asked).toMatchObject(before);
  });

  it('survives a store that fails', async () => {
    const bench = makeBench();
    bench.settings.get = bench.settings.set = () => Promise.reject(new Error('no store'));
    expect((await bench.open()).info.batchTokens).toBe(64);
  });

  it("is the engine's own where it has no choice", async () => {
    const bench = makeBench({ choosesBatch: false });
    const { asked } = await bench.open({ kvType: 'q8_0' });
    expect(asked).not.toHaveProperty('batchTokens');
    expect(asked?.kvType).toBe('q8_0');
  });
});
