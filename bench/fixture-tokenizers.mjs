// Token ids of native llama.cpp for 2,000 texts: `node bench/fixture-tokenizers.mjs SmolLM2.gguf`.
// Writes src/inference/fixtures/tokenizers.json.gz: two vocabularies and, per tokenizer, ids or their hashes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTexts, hashIds } from '../src/inference/testing/corpus.mjs';
import { encodeGguf } from '../src/inference/testing/gguf-writer.mjs';
import { loadNativeModel, openNative, tokenizeNative } from './native.mjs';
import { readGguf } from './read-gguf.mjs';
import { spmEntries, trainSpm } from './train-spm.mjs';

/** Of so many texts the ids themselves are kept, to see what differs; of all the others a hash. */
const SHOWN = 240;
const BPE_NAMES = ['smollm', 'default', 'gpt-2', 'llama-bpe', 'qwen2', 'tekken'];
/** Of these the pieces of plain text are compared, by hash: what else a tokenizer does is the same as for those above. */
const MORE_BPE_NAMES = [
  ...['falcon', 'dbrx', 'gpt-4o', 'qwen35', 'deepseek-v3', 'bloom', 'viking'],
  'seed-coder',
];
const [modelPath] = process.argv.slice(2);
if (!modelPath) throw new Error('usage: node bench/fixture-tokenizers.mjs SmolLM2.gguf');

const texts = createTexts();
const folder = mkdtempSync(join(tmpdir(), 'tokenizers-'));
const native = await openNative();

/** Architecture keys that llama.cpp insists on, though only the vocabulary is loaded. */
const architecture = [
  { key: 'general.architecture', type: 'str', value: 'llama' },
  { key: 'llama.context_length', type: 'u32', value: 64 },
  { key: 'llama.embedding_length', type: 'u32', value: 64 },
  { key: 'llama.block_count', type: 'u32', value: 1 },
  { key: 'llama.feed_forward_length', type: 'u32', value: 64 },
  { key: 'llama.attention.head_count', type: 'u32', value: 1 },
  { key: 'llama.attention.layer_norm_rms_epsilon', type: 'f32', value: 1e-5 },
];

async function collectIds(entries, isShort = false) {
  const path = join(folder, 'vocabulary.gguf');
  writeFileSync(path, encodeGguf({ entries: [...architecture, ...entries], tensors: [] }));
  const model = await loadNativeModel(native, path, { vocabularyOnly: true });
  const collect = (parseSpecial) => {
    const ids = texts.map((text) => tokenizeNative(model, text, parseSpecial));
    return {
      ids: isShort ? [] : ids.slice(0, SHOWN),
      hashes: Buffer.from(ids.flatMap(hashIds)).toString('base64'),
    };
  };
  const tokens = entries.find(({ key }) => key === 'tokenizer.ggml.tokens').value;
  const result = {
    plain: collect(false),
    ...(!isShort && { special: collect(true) }),
    end: tokens.flatMap((_, id) => (model.isEogToken(id) ? [id] : [])),
    addsBos: model.shouldPrependBosToken(),
  };
  await model.dispose();
  return result;
}

const spm = trainSpm(createTexts(2000, 1), 3000, ['<extra_id_0>', '[INST]', '  ']);
const { metadata: smol } = await readGguf(modelPath);
const bpe = {
  tokens: smol.get('tokenizer.ggml.tokens'),
  types: smol.get('tokenizer.ggml.token_type'),
  merges: smol.get('tokenizer.ggml.merges'),
};
// Every later token is what one merge makes: only the first ones need to be kept.
const first = bpe.tokens.length - bpe.merges.length;
bpe.merges.forEach((merge, index) => {
  if (merge.replace(' ', '') !== bpe.tokens[first + index])
    throw new Error(`merge ${index} makes another token`);
});

const cases = {
  spm: await collectIds(spmEntries(spm)),
  'spm without prefix': await collectIds([
    ...spmEntries(spm),
    { key: 'tokenizer.ggml.add_space_prefix', type: 'bool', value: false },
  ]),
};
for (const name of [...BPE_NAMES, ...MORE_BPE_NAMES]) {
  const entries = [
    { key: 'tokenizer.ggml.model', type: 'str', value: 'gpt2' },
    { key: 'tokenizer.ggml.pre', type: 'str', value: name },
    { key: 'tokenizer.ggml.tokens', array: 'str', value: bpe.tokens },
    { key: 'tokenizer.ggml.token_type', array: 'i32', value: bpe.types },
    { key: 'tokenizer.ggml.merges', array: 'str', value: bpe.merges },
    { key: 'tokenizer.ggml.bos_token_id', type: 'u32', value: 1 },
    { key: 'tokenizer.ggml.eos_token_id', type: 'u32', value: 2 },
    { key: 'tokenizer.ggml.unknown_token_id', type: 'u32', value: 0 },
  ];
  cases[name] = await collectIds(entries, MORE_BPE_NAMES.includes(name));
}
await native.dispose();
rmSync(folder, { recursive: true });

const fixture = {
  source: 'node-llama-cpp 3.22.1 (llama.cpp v0.5.0); BPE vocabulary of SmolLM2-135M-Instruct, Apache-2.0',
  spm,
  bpe: {
    first: bpe.tokens.slice(0, first),
    firstTypes: Array.from(bpe.types.slice(0, first)),
    merges: bpe.merges,
  },
  cases,
};
const bytes = gzipSync(JSON.stringify(fixture), { level: 9 });
writeFileSync(new URL('../src/inference/fixtures/tokenizers.json.gz', import.meta.url), bytes);
console.log(`${texts.length} texts, ${spm.tokens.length} SPM tokens, ${bytes.length} bytes`);
