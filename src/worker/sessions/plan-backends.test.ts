import { describe, expect, it } from 'vitest';
import type { BackendChoice } from '../../domain/engine/backends';
import type { Engine } from '../../domain/engine/engine';
import { planBackends, type Candidate, type Graphics, type PlanInput } from './plan-backends';

const simd: Pick<Engine, 'id' | 'backends'> = { id: 'simd', backends: ['wasm'] };
const wllama: Pick<Engine, 'id' | 'backends'> = { id: 'wllama', backends: ['wasm', 'webgpu'] };
const mlc: Pick<Engine, 'id' | 'backends'> = { id: 'web-llm', backends: ['webgpu'] };
const GPU: Graphics = { kind: 'adapter', name: 'acme one', software: false };
const SOFTWARE: Graphics = { kind: 'adapter', name: 'llvm', software: true };

const show = ({ engineId, backend }: Candidate) => `${engineId} ${backend}`;
function plan(backend: BackendChoice, graphics: Graphics, change: Partial<PlanInput> = {}) {
  const { candidates, setAside } = planBackends({
    engines: [simd, wllama],
    backend,
    graphics,
    speeds: [],
    failed: [],
    ...change,
  });
  return { order: candidates.map(show), setAside };
}
const speed = (engineId: string, backend: Candidate['backend'], tokensPerSecond: number) => ({
  engineId,
  backend,
  tokensPerSecond,
});

describe('planBackends', () => {
  it.each<[BackendChoice, Graphics, string[]]>([
    ['auto', GPU, ['wllama webgpu', 'simd wasm', 'wllama wasm']],
    ['auto', SOFTWARE, ['simd wasm', 'wllama wasm']],
    ['auto', { kind: 'no-adapter' }, ['simd wasm', 'wllama wasm']],
    ['auto', { kind: 'no-webgpu' }, ['simd wasm', 'wllama wasm']],
    ['webgpu', GPU, ['wllama webgpu', 'simd wasm', 'wllama wasm']],
    ['webgpu', SOFTWARE, ['wllama webgpu', 'simd wasm', 'wllama wasm']],
    ['wasm', GPU, ['simd wasm', 'wllama wasm']],
  ])('%s with %j', (backend, graphics, order) => {
    expect(plan(backend, graphics).order).toEqual(order);
  });

  it('says what was asked for and is not there', () => {
    const entry = { engineId: 'wllama', backend: 'webgpu', code: 'no-adapter', reason: '' };
    expect(plan('webgpu', { kind: 'no-adapter' })).toEqual({
      order: ['simd wasm', 'wllama wasm'],
      setAside: [entry],
    });
    expect(plan('auto', { kind: 'no-adapter' }).setAside).toEqual([]);
    // Where only the GPU could run the model, its absence is the whole answer.
    expect(plan('auto', { kind: 'no-webgpu' }, { engines: [mlc] })).toEqual({
      order: [],
      setAside: [{ engineId: 'web-llm', backend: 'webgpu', code: 'no-webgpu', reason: '' }],
    });
    expect(plan('webgpu', GPU, { engineId: 'simd' })).toEqual({
      order: ['simd wasm'],
      setAside: [{ engineId: 'simd', backend: 'webgpu', code: 'unsupported', reason: 'CPU only' }],
    });
    expect(plan('auto', SOFTWARE, { engines: [mlc] }).order).toEqual(['web-llm webgpu']);
  });

  it('goes by measured speed where there is one', () => {
    const fastCpu = [speed('wllama', 'webgpu', 3), speed('simd', 'wasm', 200)];
    expect(plan('auto', GPU, { speeds: fastCpu }).order).toEqual([
      'simd wasm',
      'wllama webgpu',
      'wllama wasm',
    ]);
    const fastGpu = [speed('wllama', 'webgpu', 300), speed('simd', 'wasm', 200)];
    expect(plan('auto', GPU, { speeds: fastGpu }).order[0]).toBe('wllama webgpu');
    // The GPU was asked for: measured or not, it comes first.
    expect(plan('webgpu', GPU, { speeds: fastCpu }).order[0]).toBe('wllama webgpu');
    expect(plan('auto', GPU, { speeds: [speed('simd', 'wasm', 200)] }).order[0]).toBe('wllama webgpu');
    expect(
      plan('wasm', GPU, { speeds: [speed('wllama', 'wasm', 9), speed('simd', 'wasm', 4)] }).order,
    ).toEqual(['wllama wasm', 'simd wasm']);
  });

  it('leaves out what failed the self-test, and says so; asked for, it is tested again', () => {
    const failed = [{ engineId: 'wllama', backend: 'webgpu', reason: 'token 2' } as const];
    expect(plan('auto', GPU, { failed })).toEqual({
      order: ['simd wasm', 'wllama wasm'],
      setAside: [{ engineId: 'wllama', backend: 'webgpu', code: 'self-test', reason: 'token 2' }],
    });
    expect(plan('webgpu', GPU, { failed })).toEqual({
      order: ['wllama webgpu', 'simd wasm', 'wllama wasm'],
      setAside: [],
    });
  });

  it('keeps to a chosen engine', () => {
    expect(plan('auto', GPU, { engineId: 'wllama' }).order).toEqual(['wllama webgpu', 'wllama wasm']);
    expect(plan('wasm', GPU, { engineId: 'wllama' }).order).toEqual(['wllama wasm']);
    expect(plan('auto', GPU, { engineId: 'nobody' }).order).toEqual([]);
  });
});
