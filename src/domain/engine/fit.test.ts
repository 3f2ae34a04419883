import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDeviceCard, type DeviceCard, type GpuCard } from './device';
import { FaultError } from '../fault';
import { chooseArtifact, judgeFit } from './fit';
import { parseModel, type Artifact, type Model } from '../model/model';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const catalogFolder = join(import.meta.dirname, '../../../static-models/catalog');
const models = readdirSync(catalogFolder).map((name) =>
  parseModel(JSON.parse(readFileSync(join(catalogFolder, name), 'utf8'))),
);

function modelOf(id: string): Model {
  const model = models.find((each) => each.id === id);
  if (model === undefined) throw new Error(`no row ${id}`);
  return model;
}

function artifactOf(model: Model, id: string): Artifact {
  const artifact = model.artifacts.find((each) => each.id === id);
  if (artifact === undefined) throw new Error(`no artifact ${id}`);
  return artifact;
}

type AvailableGpu = Extract<GpuCard, { available: true }>;
const gpu: AvailableGpu = {
  available: true,
  vendor: 'maker',
  architecture: 'generation',
  description: '',
  software: false,
  shaderF16: true,
  subgroups: true,
  maxBufferBytes: 4 * GIB,
  maxBindingBytes: 2 * GIB,
  allocatableBytes: 6 * GIB,
  allocatableIsLeast: false,
};
const card: DeviceCard = {
  version: 1,
  probedAt: 0,
  userAgent: 'agent',
  logicalCores: 8,
  memoryGiB: 16,
  crossOriginIsolated: true,
  wasm: { simd: true, relaxedSimd: true, memory64: true },
  storage: { quotaBytes: 10 * GIB, usedBytes: 0 },
  gpu,
};
const noGpu: GpuCard = { available: false, code: 'no-webgpu', detail: '' };

describe('parseDeviceCard', () => {
  it('takes what a probe writes', () => {
    expect(parseDeviceCard(structuredClone(card))).toEqual(card);
    expect(parseDeviceCard({ ...card, gpu: noGpu }).gpu).toEqual(noGpu);
  });

  it.each([
    ['another version', { version: 2 }],
    ['half a core', { logicalCores: 0.5 }],
    ['negative room', { gpu: { ...gpu, allocatableBytes: -1 } }],
    ['a card of both kinds', { gpu: { ...gpu, code: 'no-webgpu' } }],
    ['no word about WebGPU', { gpu: undefined }],
  ])('refuses %s', (_what, change) => {
    expect(() => parseDeviceCard({ ...card, ...change })).toThrow(FaultError);
  });
});

describe('the arithmetic', () => {
  const model = modelOf('wizardlm-7b');
  const q40 = artifactOf(model, 'wizardlm-7b-q4_0');

  it('is weights and cache and working memory', () => {
    const fit = judgeFit(q40, model, card, 2048, 'wasm');
    expect(fit.weightBytes).toBe(3_825_812_736);
    // 32 layers x (key and value) x 32 heads x 128 x 2 bytes = 512 KiB a token
    expect(fit.kvBytes).toBe(2048 * 512 * 1024);
    expect(fit.scratchBytes).toBe((64 + 128 + 40) * MIB);
    expect(fit.neededBytes).toBe(fit.weightBytes + fit.kvBytes + fit.scratchBytes);
  });

  it('has a cache in proportion to the context and to the KV heads', () => {
    const kv = (id: string, tokens: number) => {
      const each = modelOf(id);
      const [first] = each.artifacts;
      return first === undefined ? 0 : judgeFit(first, each, card, tokens, 'wasm').kvBytes;
    };
    expect(kv('wizardlm-7b', 512) * 4).toBe(kv('wizardlm-7b', 2048));
    // Mistral shares each KV head between four heads.
    expect(kv('wizardlm-2-7b', 2048) * 4).toBe(kv('llama-7b', 2048));
  });

  it('has a smaller cache in q8_0: a 16-bit scale for each 32 values of 8 bits', () => {
    const kv = (kvType?: 'f32' | 'q8_0') =>
      judgeFit(q40, model, card, 2048, 'wasm', 'wllama', kvType).kvBytes;
    expect(kv('q8_0') * 32).toBe(kv() * 17);
    expect(kv('f32')).toBe(kv() * 2);
  });

  it('counts the projector of a vision model', () => {
    const each = modelOf('llava-1.6-mistral-7b');
    const fit = judgeFit(artifactOf(each, 'llava-1.6-mistral-7b-q4_k_m'), each, card, 2048, 'wasm', 'wllama');
    expect(fit.weightBytes).toBe(4_368_439_552 + 624_451_168);
  });

  it.each([
    ['smollm2-360m-instruct-onnx-q4', 417_000_000],
    ['smollm2-360m-instruct-onnx-q4f16', 299_000_000],
  ])('estimates %s as its host tells, within 3 %', (id, told) => {
    const each = modelOf('smollm2-360m-instruct');
    const { approximateBytes, ...untold } = artifactOf(each, id);
    expect(approximateBytes).toBe(told);
    const fit = judgeFit(untold, each, card, 2048, 'wasm');
    expect(Math.abs(fit.weightBytes / told - 1)).toBeLessThan(0.03);
  });

  it('takes the figure of a web-llm record for the context of that record', () => {
    const each = modelOf('llama-2-7b-chat');
    const artifact = artifactOf(each, 'llama-2-7b-chat-mlc-q4f16_1');
    const at4096 = judgeFit(artifact, each, card, 4096, 'webgpu');
    expect(at4096.neededBytes).toBe(Math.ceil(6749.02 * MIB));
    const at1024 = judgeFit(artifact, each, card, 1024, 'webgpu');
    expect(at4096.neededBytes - at1024.neededBytes).toBe(3072 * 512 * 1024);
  });

  it('doubles the cache of an f32 library', () => {
    const each = modelOf('llama-2-7b-chat');
    const kv = (id: string) => judgeFit(artifactOf(each, id), each, card, 1024, 'webgpu').kvBytes;
    expect(kv('llama-2-7b-chat-mlc-q4f32_1')).toBe(2 * kv('llama-2-7b-chat-mlc-q4f16_1'));
  });
});

describe('on the CPU', () => {
  const model = modelOf('wizardlm-7b');
  const q40 = artifactOf(model, 'wizardlm-7b-q4_0');
  const q2 = artifactOf(model, 'wizardlm-7b-q2_k');
  const judge = (artifact: Artifact, device: DeviceCard, tokens = 512, engineId?: string) =>
    judgeFit(artifact, model, device, tokens, 'wasm', engineId);

  it('a 7B fits our own engine, and not the 4 GiB of llama.cpp', () => {
    expect(judge(q40, card)).toMatchObject({ verdict: 'fits', availableBytes: 12 * GIB });
    expect(judge(q40, card, 2048, 'wllama')).toMatchObject({
      verdict: 'wont-fit',
      reasonCode: 'over-heap',
      availableBytes: 4 * GIB,
    });
    expect(judge(q2, card, 512, 'wllama')).toMatchObject({ verdict: 'fits' });
  });

  it('and not without 64-bit memory', () => {
    const old = { ...card, wasm: { simd: true, relaxedSimd: true, memory64: false } };
    expect(judge(q40, old, 2048)).toMatchObject({ verdict: 'wont-fit', reasonCode: 'over-heap' });
  });

  it('nor on a device with little memory', () => {
    const small = { ...card, memoryGiB: 4 };
    expect(judge(q40, small)).toMatchObject({
      verdict: 'wont-fit',
      reasonCode: 'over-memory',
      availableBytes: 3 * GIB,
    });
    expect(judge(q2, small, 128)).toMatchObject({ verdict: 'tight', reasonCode: 'little-room' });
  });

  it('says that it does not know where the browser tells only a lower bound, or nothing', () => {
    const large = modelOf('wizardlm-13b-v1.2');
    const q4 = artifactOf(large, 'wizardlm-13b-v1.2-q4_0');
    const atLeast = { ...card, memoryGiB: 8 };
    expect(judgeFit(q4, large, atLeast, 512, 'wasm')).toMatchObject({
      verdict: 'unknown',
      reasonCode: 'memory-unknown',
    });
    const { memoryGiB: _, ...silent } = card;
    expect(judge(q40, silent)).toMatchObject({ verdict: 'unknown', reasonCode: 'memory-unknown' });
    expect(judge(q40, silent).availableBytes).toBeUndefined();
    const bundled = modelOf('smollm2-135m-instruct');
    expect(
      judgeFit(artifactOf(bundled, 'smollm2-135m-instruct-q4_1'), bundled, silent, 512, 'wasm'),
    ).toMatchObject({ verdict: 'fits' });
  });

  it('says that it does not know a model without its shape', () => {
    const { parameters } = model;
    expect(judgeFit(q40, { parameters }, card, 512, 'wasm')).toMatchObject({
      verdict: 'unknown',
      reasonCode: 'size-unknown',
    });
  });

  it('refuses MLC weights, and any without SIMD', () => {
    expect(judge(artifactOf(model, 'wizardlm-7b-mlc-q4f16_1'), card)).toMatchObject({
      verdict: 'wont-fit',
      reasonCode: 'needs-webgpu',
    });
    const old = { ...card, wasm: { simd: false, relaxedSimd: false, memory64: false } };
    expect(judge(q40, old)).toMatchObject({ verdict: 'wont-fit', reasonCode: 'no-wasm-simd' });
  });
});

describe('on WebGPU', () => {
  const model = modelOf('wizardlm-7b');
  const q40 = artifactOf(model, 'wizardlm-7b-q4_0');
  const mlc = artifactOf(model, 'wizardlm-7b-mlc-q4f16_1');
  const judge = (artifact: Artifact, change: Partial<AvailableGpu>, tokens = 2048) =>
    judgeFit(artifact, model, { ...card, gpu: { ...gpu, ...change } }, tokens, 'webgpu');

  it.each([
    ['fits', 'enough-room', {}],
    ['tight', 'little-room', { allocatableBytes: 5 * GIB }],
    ['wont-fit', 'over-gpu-memory', { allocatableBytes: 4 * GIB }],
    ['unknown', 'memory-unknown', { allocatableBytes: 4 * GIB, allocatableIsLeast: true }],
    ['fits', 'enough-room', { allocatableBytes: 5 * GIB, allocatableIsLeast: true }],
    // 32,001 x 4,096 weights of 4.5 bits are 74 MB.
    ['wont-fit', 'tensor-over-binding', { maxBindingBytes: 64 * MIB }],
    ['wont-fit', 'tensor-over-binding', { maxBufferBytes: 64 * MIB }],
    ['fits', 'enough-room', { maxBindingBytes: 128 * MIB, maxBufferBytes: 256 * MIB }],
  ] as const)('%s: %s', (verdict, reasonCode, change) => {
    expect(judge(q40, change)).toMatchObject({ verdict, reasonCode });
  });

  it('needs half precision for f16 libraries only', () => {
    const lacking = { shaderF16: false };
    expect(judge(mlc, lacking)).toMatchObject({ verdict: 'wont-fit', reasonCode: 'no-shader-f16' });
    expect(judge(mlc, {})).toMatchObject({ verdict: 'fits' });
    expect(judge(q40, lacking)).toMatchObject({ verdict: 'fits' });
    const qwen = modelOf('qwen2.5-0.5b-instruct');
    const device = { ...card, gpu: { ...gpu, ...lacking } };
    // Its record does not ask, but the library computes in f16 all the same.
    expect(
      judgeFit(artifactOf(qwen, 'qwen2.5-0.5b-instruct-mlc-q4f16_1'), qwen, device, 1024, 'webgpu'),
    ).toMatchObject({ reasonCode: 'no-shader-f16' });
    expect(
      judgeFit(artifactOf(qwen, 'qwen2.5-0.5b-instruct-mlc-q4f32_1'), qwen, device, 1024, 'webgpu'),
    ).toMatchObject({ verdict: 'fits' });
  });

  it('is nothing without WebGPU', () => {
    expect(judgeFit(q40, model, { ...card, gpu: noGpu }, 512, 'webgpu')).toMatchObject({
      verdict: 'wont-fit',
      reasonCode: 'no-webgpu',
    });
  });
});

describe('chooseArtifact', () => {
  const both = { contextTokens: 2048, backends: ['webgpu', 'wasm'] } as const;
  const choose = (id: string, device: DeviceCard, options: Parameters<typeof chooseArtifact>[2] = both) => {
    const chosen = chooseArtifact(modelOf(id), device, options);
    return chosen && [chosen.artifact.id, chosen.backend, chosen.fit.verdict];
  };

  it('takes WizardLM 7B on the GPU where it fits, otherwise on the CPU', () => {
    expect(choose('wizardlm-7b', card)).toEqual(['wizardlm-7b-q4_0', 'webgpu', 'fits']);
    expect(choose('wizardlm-7b', { ...card, gpu: noGpu })).toEqual(['wizardlm-7b-q4_0', 'wasm', 'fits']);
  });

  it('goes down the row until one fits', () => {
    const small = { ...card, memoryGiB: 6, gpu: noGpu };
    expect(choose('wizardlm-7b', small, { contextTokens: 512, backends: ['wasm'] })).toEqual([
      'wizardlm-7b-q3_k_m',
      'wasm',
      'fits',
    ]);
  });

  it('gives a context no longer than the model has', () => {
    const chosen = chooseArtifact(modelOf('wizardlm-7b'), card, { ...both, contextTokens: 100_000 });
    expect(chosen?.fit.kvBytes).toBe(2048 * 512 * 1024);
  });

  it('prefers what lies beside the page, and web-llm on a GPU', () => {
    expect(choose('smollm2-135m-instruct', card)).toEqual(['smollm2-135m-instruct-q4_1', 'webgpu', 'fits']);
    expect(choose('llama-2-7b-chat', { ...card, gpu: { ...gpu, allocatableBytes: 8 * GIB } })).toEqual([
      'llama-2-7b-chat-mlc-q4f16_1',
      'webgpu',
      'fits',
    ]);
  });

  it('offers nothing that no engine takes, and nothing that a person would have to bring', () => {
    const canRun = (artifact: Artifact) => artifact.format === 'mlc';
    expect(choose('wizardlm-7b', card, { ...both, canRun })).toBeUndefined();
    expect(choose('wizardmath-7b-v1.1', card, { ...both, canRun })).toEqual([
      'wizardmath-7b-v1.1-mlc-q4f16_1',
      'webgpu',
      'fits',
    ]);
    expect(choose('minigpt-4', card)).toBeUndefined();
    expect(choose('wizardlm-13b-v1.2', { ...card, memoryGiB: 2, gpu: noGpu })).toBeUndefined();
  });

  it('finds something for every model that has weights, on a large device', () => {
    const large = { ...card, memoryGiB: 64, gpu: { ...gpu, allocatableBytes: 24 * GIB } };
    for (const model of models) {
      expect(chooseArtifact(model, large, both) !== undefined, model.id).toBe(model.artifacts.length > 0);
    }
  });
});
