// Our WebGPU engine on this machine's graphics device, in Node through Dawn: no browser, no download. It needs a Vulkan,
// Metal or D3D12 driver. Random models of real shapes are made in memory, piece by piece.
// Usage: npm run --silent bench:gpu -- [--models 1B,7B] [--type Q4_0] [--software] [--quick]   (prints one JSON line)
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { createRandomData } from '../src/inference/testing/random-blocks.mjs';
import { encodeGgufHeader, tensorBytes, TENSOR_TYPES } from '../src/inference/testing/gguf-writer.mjs';
import { describeMachine } from './machine.mjs';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: '1B,7B' },
    type: { type: 'string', default: 'Q4_0' },
    software: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});

/** Llama 3.2 1B, LLaMA 7B with WizardLM's vocabulary, and one that a software device can compute. */
const SHAPES = {
  tiny: { dim: 256, ffn: 512, layers: 2, heads: 4, kvHeads: 2, vocabulary: 1000 },
  '1B': { dim: 2048, ffn: 8192, layers: 16, heads: 32, kvHeads: 8, vocabulary: 32_000 },
  '7B': { dim: 4096, ffn: 11_008, layers: 32, heads: 32, kvHeads: 32, vocabulary: 32_001 },
};
const PROMPT_TOKENS = options.quick ? 64 : 512;
const STEPS = options.quick ? 4 : 32;
const BATCHES = [1, 8, 16];
const ROUNDS = options.quick ? 1 : 5;
const PATTERN_BYTES = 8 << 20;

/** A model whose bytes are made as they are read. */
function makeSource({ dim, ffn, layers, heads, kvHeads, vocabulary }, type) {
  const plans = [];
  const add = (name, tensorType, ...dimensions) =>
    plans.push({ name, dimensions, type: tensorType, bytes: tensorBytes(tensorType, dimensions) });
  const keys = (dim / heads) * kvHeads;
  add('token_embd.weight', type, dim, vocabulary);
  for (let layer = 0; layer < layers; layer++) {
    const at = `blk.${layer}`;
    add(`${at}.attn_norm.weight`, 'F32', dim);
    add(`${at}.attn_q.weight`, type, dim, dim);
    add(`${at}.attn_k.weight`, type, dim, keys);
    add(`${at}.attn_v.weight`, type, dim, keys);
    add(`${at}.attn_output.weight`, type, dim, dim);
    add(`${at}.ffn_norm.weight`, 'F32', dim);
    add(`${at}.ffn_gate.weight`, type, dim, ffn);
    add(`${at}.ffn_up.weight`, type, dim, ffn);
    add(`${at}.ffn_down.weight`, type, ffn, dim);
  }
  add('output_norm.weight', 'F32', dim);
  add('output.weight', type === 'Q4_0' ? 'Q6_K' : type, dim, vocabulary);
  const number = (key, value) => ({ key: `llama.${key}`, type: 'u32', value });
  const entries = [
    { key: 'general.architecture', type: 'str', value: 'llama' },
    number('context_length', 2048),
    number('embedding_length', dim),
    number('block_count', layers),
    number('feed_forward_length', ffn),
    number('attention.head_count', heads),
    number('attention.head_count_kv', kvHeads),
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 'f32', value: 1e-5 },
  ];
  const { header, offsets, dataBytes } = encodeGgufHeader({ entries, tensors: plans });
  const patterns = new Map();
  const patternOf = (plan) => {
    if (plan.dimensions.length === 1)
      return new Uint8Array(new Float32Array(plan.dimensions[0]).fill(1).buffer);
    let pattern = patterns.get(plan.type);
    if (!pattern) {
      const [, values, blockBytes] = TENSOR_TYPES[plan.type];
      const count = Math.floor(PATTERN_BYTES / blockBytes) * values;
      patterns.set(plan.type, (pattern = createRandomData(plan.type, count, 0.02, 1 + patterns.size)));
    }
    return pattern;
  };
  return {
    size: header.length + dataBytes,
    parameters: plans.reduce((sum, { dimensions }) => sum + dimensions.reduce((a, b) => a * b, 1), 0),
    matrixBytes: plans.slice(1).reduce((sum, { bytes }) => sum + bytes, 0),
    read(offset, length) {
      const bytes = new Uint8Array(length);
      bytes.set(header.subarray(offset, Math.min(header.length, offset + length)));
      plans.forEach((plan, index) => {
        const start = header.length + offsets[index];
        let at = Math.max(offset, start);
        const end = Math.min(offset + length, start + plan.bytes);
        if (at >= end) return;
        const pattern = patternOf(plan);
        while (at < end) {
          const from = (at - start) % pattern.length;
          const some = pattern.subarray(from, from + Math.min(pattern.length - from, end - at));
          bytes.set(some, at - offset);
          at += some.length;
        }
      });
      return Promise.resolve(bytes);
    },
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const round = (value, digits = 3) => Number(value.toPrecision(digits));

// Vite reads the library's TypeScript and its shaders; nothing is served.
const vite = await createServer({
  server: { middlewareMode: true, hmr: false, ws: false },
  logLevel: 'error',
  mode: 'bench',
  appType: 'custom',
});
process.env.GPU_ADAPTER = options.software ? 'software' : 'native';
const load = (path) => vite.ssrLoadModule(path);
const { findTestGpu } = await load('/src/inference/gpu/testing/dawn.ts');
const { describeModel } = await load('/src/inference/architectures/registry.ts');
const { parseGguf } = await load('/src/inference/gguf/parse.ts');
const { openGpu } = await load('/src/inference/gpu/open.ts');
const { measureGpuRoofline } = await load('/src/inference/gpu/roofline.ts');
const { requestGpuDevice } = await load('/src/inference/webgpu.ts');

async function measureModel(device, name, roof) {
  const source = makeSource(SHAPES[name], options.type);
  const model = describeModel(await parseGguf([source]));
  const openedAt = performance.now();
  const contextTokens = PROMPT_TOKENS + BATCHES.length * STEPS * (ROUNDS + 1) + 8;
  const backend = await openGpu(model, [source], {
    device,
    contextTokens,
    sequences: Math.max(...BATCHES),
    chunkTokens: PROMPT_TOKENS,
  });
  const loadMs = performance.now() - openedAt;
  const ids = Array.from({ length: PROMPT_TOKENS }, (_, index) => (index * 97) % model.weights.vocabulary);
  const prefills = [];
  for (let turn = 0; turn <= ROUNDS; turn++) {
    const startedAt = performance.now();
    await backend.extend(0, ids, 0);
    await backend.rows(ids.length - 1, 1, 'argmax');
    if (turn > 0) prefills.push((PROMPT_TOKENS * 1000) / (performance.now() - startedAt));
  }
  for (let to = 1; to < Math.max(...BATCHES); to++) await backend.share(0, to, ids.length);
  const decode = {};
  let position = ids.length;
  for (const batch of BATCHES) {
    const rates = [];
    for (let turn = 0; turn <= ROUNDS; turn++) {
      const startedAt = performance.now();
      for (let step = 0; step < STEPS; step++, position++) {
        const columns = Array.from({ length: batch }, (_, sequence) => ({
          sequence,
          id: step + 3,
          position,
          want: 'argmax',
        }));
        await backend.step(columns);
      }
      if (turn > 0) rates.push((batch * STEPS * 1000) / (performance.now() - startedAt));
    }
    decode[batch] = median(rates);
    // The next batch begins where all sequences hold something.
    for (let to = 1; to < Math.max(...BATCHES); to++) await backend.share(0, to, position);
  }
  const { memoryBytes } = backend.info;
  backend.close();
  const prefill = median(prefills);
  return {
    loadMs: Math.round(loadMs),
    memoryBytes,
    prefillTokensPerSecond: round(prefill),
    decodeTokensPerSecond: Object.fromEntries(
      Object.entries(decode).map(([batch, rate]) => [batch, round(rate)]),
    ),
    shareOfReadRoof: round((decode[1] * source.matrixBytes) / roof.readBytesPerSecond),
    shareOfMultiplyRoof: round((prefill * 2 * source.parameters) / roof.flopsPerSecond),
    gainAt16: round(decode[16] / decode[1]),
  };
}

const found = await findTestGpu();
if ('missing' in found) {
  console.log(JSON.stringify({ missing: found.missing }));
} else {
  const device = await requestGpuDevice(found.gpu);
  const { vendor, architecture, description, subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  const small = { bytes: 16 << 20, turns: 64, workgroups: 64, rounds: 1 };
  const roof = await measureGpuRoofline(device, options.software ? small : {});
  const models = {};
  for (const name of options.models.split(',')) models[name] = await measureModel(device, name, roof);
  console.log(
    JSON.stringify({
      adapter: [vendor, architecture, description].filter(Boolean).join(' '),
      subgroupSizes: [subgroupMinSize, subgroupMaxSize],
      type: options.type,
      promptTokens: PROMPT_TOKENS,
      readRoofBytesPerSecond: round(roof.readBytesPerSecond),
      multiplyRoofFlopsPerSecond: round(roof.flopsPerSecond),
      models,
      machine: describeMachine(),
    }),
  );
  device.destroy();
}
await vite.close();
// Dawn's threads would hold the process.
process.exit(0);
