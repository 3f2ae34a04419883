import { describe, expect, it } from 'vitest';
import { searchGpu } from '../../engines/parts/find-gpu';
import { findGraphics } from './find-graphics';

const info = { vendor: 'acme', architecture: 'one', description: 'Card 9000', isFallbackAdapter: false };

/** A browser's WebGPU whose adapter is of this kind. */
function makeGpu(change: Partial<typeof info>) {
  const asked: unknown[] = [];
  const gpu = {
    requestAdapter: (options: unknown) => {
      asked.push(options);
      return Promise.resolve({
        info: { ...info, ...change },
        features: new Set(['shader-f16']),
        limits: { maxStorageBufferBindingSize: 1 },
      } as unknown as GPUAdapter);
    },
  };
  return { gpu, asked };
}

describe('findGraphics', () => {
  it('names the card as the engines name it, and asks for the same one', async () => {
    const { gpu, asked } = makeGpu({});
    const found = await searchGpu(gpu);
    expect(found).toMatchObject({ name: 'acme one Card 9000' });
    expect(await findGraphics(() => searchGpu(gpu))).toEqual({
      kind: 'adapter',
      name: 'acme one Card 9000',
      software: false,
    });
    expect(asked).toEqual(Array(2).fill({ powerPreference: 'high-performance' }));
  });

  it('tells a device made of software', async () => {
    const { gpu } = makeGpu({ description: '', isFallbackAdapter: true });
    expect(await findGraphics(() => searchGpu(gpu))).toEqual({
      kind: 'adapter',
      name: 'acme one (software)',
      software: true,
    });
  });

  it('says whether WebGPU or a card is missing', async () => {
    expect(await findGraphics(() => Promise.resolve('no-webgpu'))).toEqual({ kind: 'no-webgpu' });
    const none = { requestAdapter: () => Promise.resolve(null) };
    expect(await findGraphics(() => searchGpu(none))).toEqual({ kind: 'no-adapter' });
    const broken = { requestAdapter: () => Promise.reject(new Error('lost')) };
    expect(await findGraphics(() => searchGpu(broken))).toEqual({ kind: 'no-adapter' });
  });
});
