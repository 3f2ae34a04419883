// A random-weight model of exact WizardLM-7B sizes, to measure loading and speed without downloading one:
//   node bench/make-shape-model.mjs out.gguf [--type Q4_0|Q4_K_M|...] [--layers 32] [--vocabulary 32001] [--context 2048]
// The text it writes is noise; shapes, types, bytes and the SentencePiece vocabulary are real.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandomData } from '../src/inference/testing/random-blocks.mjs';
import { encodeGgufHeader, tensorBytes, TENSOR_TYPES } from '../src/inference/testing/gguf-writer.mjs';
import { createTexts } from '../src/inference/testing/corpus.mjs';
import { spmEntries, trainSpm } from './train-spm.mjs';

const EMBEDDING = 4096;
const FEED_FORWARD = 11008;
const HEADS = 32;
/** Random blocks are made once per type and written again and again: gigabytes at the speed of the disk. */
const TILE_BYTES = 16 * 1024 * 1024;
/** LLaMA-7B's weights have about this standard deviation. */
const SPREAD = 0.02;

/** llama.cpp's mix for Q4_K_M: more bits for attn_v, ffn_down of some layers, and the output (llama-quant.cpp). */
function usesMoreBits(layer, layers) {
  return (
    layer < Math.floor(layers / 8) ||
    layer >= Math.floor((7 * layers) / 8) ||
    (layer - Math.floor(layers / 8)) % 3 === 2
  );
}

/** Type of a tensor in a model of the given type or mix. */
export function typeOf(model, name, layer, layers) {
  if (name.includes('norm')) return 'F32';
  if (model !== 'Q4_K_M') {
    // llama.cpp keeps the output of block-quantised models at 6 bits, where rows allow it.
    const isQuantised = TENSOR_TYPES[model]?.[1] > 1;
    return name === 'output.weight' && isQuantised && model !== 'Q8_0' ? 'Q6_K' : model;
  }
  if (name === 'output.weight') return 'Q6_K';
  const isFavoured = name.endsWith('attn_v.weight') || name.endsWith('ffn_down.weight');
  return isFavoured && usesMoreBits(layer, layers) ? 'Q6_K' : 'Q4_K';
}

function planTensors(type, layers, vocabulary) {
  const plans = [];
  const add = (name, layer, ...dimensions) => {
    const tensorType = typeOf(type, name, layer, layers);
    plans.push({ name, dimensions, type: tensorType, bytes: tensorBytes(tensorType, dimensions) });
  };
  add('token_embd.weight', -1, EMBEDDING, vocabulary);
  add('output_norm.weight', -1, EMBEDDING);
  add('output.weight', -1, EMBEDDING, vocabulary);
  for (let layer = 0; layer < layers; layer++) {
    const block = `blk.${layer}`;
    for (const name of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) {
      add(`${block}.${name}.weight`, layer, EMBEDDING, EMBEDDING);
    }
    add(`${block}.ffn_gate.weight`, layer, EMBEDDING, FEED_FORWARD);
    add(`${block}.ffn_up.weight`, layer, EMBEDDING, FEED_FORWARD);
    add(`${block}.ffn_down.weight`, layer, FEED_FORWARD, EMBEDDING);
    add(`${block}.attn_norm.weight`, layer, EMBEDDING);
    add(`${block}.ffn_norm.weight`, layer, EMBEDDING);
  }
  return plans;
}

/** A vocabulary of `size` tokens: trained pieces, then numbered ones. */
function createVocabulary(size) {
  const trained = trainSpm(createTexts(600, 1), 1500);
  const tokens = trained.tokens.slice(0, size);
  while (tokens.length < size) tokens.push(`\u2581word${tokens.length}`);
  return {
    tokens,
    scores: tokens.map((_, id) => trained.scores[id] ?? -id),
    types: tokens.map((_, id) => trained.types[id] ?? 1),
  };
}

/** Writes the model; returns its size in bytes. */
export function makeShapeModel(
  path,
  { type = 'Q4_0', layers = 32, vocabulary = 32_001, context = 2048 } = {},
) {
  const entries = [
    { key: 'general.architecture', type: 'str', value: 'llama' },
    { key: 'general.name', type: 'str', value: `WizardLM-7B shape, random ${type}` },
    { key: 'llama.context_length', type: 'u32', value: context },
    { key: 'llama.embedding_length', type: 'u32', value: EMBEDDING },
    { key: 'llama.block_count', type: 'u32', value: layers },
    { key: 'llama.feed_forward_length', type: 'u32', value: FEED_FORWARD },
    { key: 'llama.rope.dimension_count', type: 'u32', value: EMBEDDING / HEADS },
    { key: 'llama.attention.head_count', type: 'u32', value: HEADS },
    { key: 'llama.attention.head_count_kv', type: 'u32', value: HEADS },
    { key: 'llama.attention.layer_norm_rms_epsilon', type: 'f32', value: 1e-6 },
    { key: 'llama.rope.freq_base', type: 'f32', value: 10_000 },
    { key: 'llama.vocab_size', type: 'u32', value: vocabulary },
    ...spmEntries(createVocabulary(vocabulary)),
  ];
  const plans = planTensors(type, layers, vocabulary);
  const { header, offsets, dataBytes } = encodeGgufHeader({ entries, tensors: plans });
  const tiles = new Map();
  const tileOf = (tensorType) => {
    const known = tiles.get(tensorType);
    if (known) return known;
    const [, values, blockBytes] = TENSOR_TYPES[tensorType];
    const blocks = Math.floor(TILE_BYTES / blockBytes);
    const tile = createRandomData(tensorType, blocks * values, SPREAD, 1 + tiles.size);
    tiles.set(tensorType, tile);
    return tile;
  };
  const ones = new Uint8Array(new Float32Array(EMBEDDING).fill(1).buffer);

  const file = openSync(path, 'w');
  writeSync(file, header, 0, header.length, 0);
  for (const [index, plan] of plans.entries()) {
    const data = plan.name.includes('norm') ? ones : tileOf(plan.type);
    for (let done = 0; done < plan.bytes;) {
      const length = Math.min(data.length, plan.bytes - done);
      writeSync(file, data, 0, length, header.length + offsets[index] + done);
      done += length;
    }
  }
  ftruncateSync(file, header.length + dataBytes);
  closeSync(file);
  return header.length + dataBytes;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      type: { type: 'string', default: 'Q4_0' },
      layers: { type: 'string', default: '32' },
      vocabulary: { type: 'string', default: '32001' },
      context: { type: 'string', default: '2048' },
    },
  });
  const [path] = positionals;
  if (!path) throw new Error('usage: node bench/make-shape-model.mjs out.gguf [--type Q4_0] [--layers 32]');
  const start = performance.now();
  const bytes = makeShapeModel(path, {
    type: values.type,
    layers: Number(values.layers),
    vocabulary: Number(values.vocabulary),
    context: Number(values.context),
  });
  console.log(`${path}: ${bytes} bytes in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
