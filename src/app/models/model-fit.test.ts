import { describe, expect, it } from 'vitest';
import type { DeviceCard } from '../../domain/engine/device';
import { parseModel } from '../../domain/model/model';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import type { EngineSummary } from '../../worker/protocol';
import { judgeFileSize, listWays, matchesView, orderBackends, pickArtifact, viewModel } from './model-fit';

const GIB = 2 ** 30;
const cpuOnly: DeviceCard = {
  version: 1,
  probedAt: 0,
  userAgent: 'test',
  logicalCores: 4,
  memoryGiB: 16,
  crossOriginIsolated: true,
  wasm: { simd: true, relaxedSimd: true, memory64: true },
  gpu: { available: false, code: 'no-adapter', detail: '' },
};
const withGpu: DeviceCard = {
  ...cpuOnly,
  gpu: {
    available: true,
    vendor: 'v',
    architecture: 'a',
    description: '',
    software: false,
    shaderF16: true,
    subgroups: true,
    maxBufferBytes: 4 * GIB,
    maxBindingBytes: 4 * GIB,
    allocatableBytes: 8 * GIB,
    allocatableIsLeast: true,
  },
};
const engines: readonly EngineSummary[] = [
  { id: 'simd', label: 'SIMD', formats: ['gguf'], backends: ['wasm'] },
  { id: 'wllama', label: 'wllama', formats: ['gguf'], backends: ['wasm', 'webgpu'] },
];
const gguf = (quantization: string, bytes: number) => ({
  id: `m-${quantization.toLowerCase()}`,
  format: 'gguf',
  quantization,
  contextTokens: 2048,
  files: [{ name: 'a.gguf', bytes, url: 'https://x.example/a.gguf' }],
});
const mlc = (repo: string) => ({
  id: `m-mlc-${repo === '' ? 'own' : 'ready'}`,
  format: 'mlc',
  quantization: 'q4f16_1',
  contextTokens: 2048,
  files: [],
  mlc: { library: 'l', repo },
});
const makeModel = (artifacts: readonly unknown[]) =>
  parseModel({
    id: 'm',
    name: 'WizardLM 7B',
    family: 'WizardLM',
    parameters: 6_738_423_808,
    licence: 'MIT',
    source: 'https://x.example/',
    shape: { layers: 32, embedding: 4096, keyValueHeads: 32, headSize: 128, vocabulary: 32_001 },
    template: { kind: 'jinja', source: '{{ messages }}' },
    note: { en: 'n', ru: 'n' },
    artifacts,
  });
const q4 = gguf('Q4_0', 3_825_812_736);
const f32 = gguf('F32', 27e9);

describe('orderBackends', () => {
  it('takes the GPU first unless it is made of software', () => {
    expect(orderBackends(withGpu)[0]).toBe('webgpu');
    expect(orderBackends(cpuOnly)[0]).toBe('wasm');
    expect(
      orderBackends({ ...withGpu, gpu: { ...withGpu.gpu, software: true } as DeviceCard['gpu'] })[0],
    ).toBe('wasm');
  });
});

describe('listWays', () => {
  it('names the engines of each backend and its arithmetic', () => {
    const model = makeModel([q4]);
    const [artifact] = model.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    const ways = listWays(artifact, model, cpuOnly, engines, DEFAULT_SAMPLING);
    expect(ways.map(({ backend }) => backend)).toEqual(['wasm', 'webgpu']);
    expect(ways[0]?.engines.map(({ id }) => id)).toEqual(['simd', 'wllama']);
    expect(ways[0]?.fit).toMatchObject({ verdict: 'fits', weightBytes: 3_825_812_736 });
    // 2 x 32 layers x 32 heads x 128 x 2 bytes a token, for as many tokens as a run opens: 96 + 1536.
    expect(ways[0]?.fit.kvBytes).toBe(2 * 32 * 32 * 128 * 2 * 1632);
    expect(ways[1]?.fit.verdict).toBe('wont-fit');
  });
});

describe('viewModel', () => {
  it('offers what has room, and tells what cannot be chosen', () => {
    const view = viewModel(makeModel([f32, q4, mlc(''), mlc('a/b')]), cpuOnly, engines, DEFAULT_SAMPLING);
    expect(view.artifacts.map(({ use }) => use)).toEqual(['ready', 'ready', 'own-weights', 'no-engine']);
    expect(view.artifacts[0]?.best?.fit.verdict).toBe('wont-fit');
    expect(view.offered?.artifact.quantization).toBe('Q4_0');
  });

  it('offers what an engine takes even where nothing has room', () => {
    const view = viewModel(makeModel([mlc('a/b'), f32]), cpuOnly, engines, DEFAULT_SAMPLING);
    expect(view.offered?.artifact.quantization).toBe('F32');
    expect(pickArtifact(view.model, cpuOnly, engines, DEFAULT_SAMPLING)).toBeUndefined();
  });

  it('calls nothing unrunnable before the engines are known', () => {
    const view = viewModel(makeModel([mlc('a/b'), mlc('')]), cpuOnly, [], DEFAULT_SAMPLING);
    expect(view.artifacts.map(({ use }) => use)).toEqual([undefined, 'own-weights']);
  });

  it('tells what this device lacks where an engine takes a format', () => {
    const webLlm = { id: 'web-llm', label: 'WebLLM', formats: ['mlc'], backends: ['webgpu'] } as const;
    const [view] = viewModel(
      makeModel([mlc('a/b')]),
      cpuOnly,
      [...engines, webLlm],
      DEFAULT_SAMPLING,
    ).artifacts;
    expect(view).toMatchObject({ use: 'ready', best: { fit: { reasonCode: 'no-webgpu' } } });
  });

  it('has no verdict before the device is known, and nothing for a model without artifacts', () => {
    const view = viewModel(makeModel([q4]), undefined, [], DEFAULT_SAMPLING);
    expect(view.offered).toMatchObject({ ways: [], best: undefined, use: undefined });
    expect(viewModel(makeModel([]), cpuOnly, engines, DEFAULT_SAMPLING).offered).toBeUndefined();
  });
});

describe('matchesView', () => {
  const view = viewModel(makeModel([q4]), cpuOnly, engines, DEFAULT_SAMPLING);
  const large = viewModel(makeModel([f32]), cpuOnly, engines, DEFAULT_SAMPLING);

  it.each([
    ['', true],
    ['wizard 7b', true],
    ['MIT', true],
    ['llava', false],
    ['wizard llava', false],
  ])('by %j: %s', (query, expected) => {
    expect(matchesView(view, query, false)).toBe(expected);
  });

  it('leaves out what has no room when asked to', () => {
    expect([matchesView(view, '', true), matchesView(large, '', true)]).toEqual([true, false]);
    expect(matchesView(large, '', false)).toBe(true);
  });
});

it('judges a file by its size: what is larger than memory does not fit, the rest is not certain', () => {
  expect(judgeFileSize(100e9, cpuOnly, engines, DEFAULT_SAMPLING)?.fit.verdict).toBe('wont-fit');
  expect(judgeFileSize(1e9, cpuOnly, engines, DEFAULT_SAMPLING)?.fit.reasonCode).toBe('size-unknown');
  expect(judgeFileSize(1e9, cpuOnly, [], DEFAULT_SAMPLING)).toBeUndefined();
});
