// What native llama.cpp predicts at every position of a text: `node bench/fixture-teacher.mjs Q4_1.gguf Q8_0.gguf`.
// Writes src/inference/fixtures/teacher.json.gz, for the argmax agreement and the error of the logits.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadNativeModel, openNative, openNativeContext, tokenizeNative } from './native.mjs';
import { readGguf } from './read-gguf.mjs';
import { requantise } from './requantise.mjs';

const TOKENS = 512;
/** Tokens whose logits are kept at every `STEP`-th position, to compare values and not only the greatest. */
const PROBES = Array.from({ length: 32 }, (_, index) => 20 + index * 1531);
const STEP = 4;

const paths = { Q4_1: process.argv[2], Q8_0: process.argv[3] };
if (!paths.Q8_0) throw new Error('usage: node bench/fixture-teacher.mjs Q4_1.gguf Q8_0.gguf');

/** Greatest logits with the same weights as 32-bit floats: how far rounding alone moves llama.cpp itself. */
async function predictExactly(path) {
  const folder = mkdtempSync(join(tmpdir(), 'teacher-'));
  const floats = join(folder, 'floats.gguf');
  await requantise(path, floats, 'F32');
  const model = await loadNativeModel(native, floats);
  const context = await openNativeContext(native, model, {
    contextTokens: TOKENS,
    threads: 2,
    f32Cache: true,
  });
  const best = [];
  for (const index of await context.decode(ids, Array.from(ids.keys())))
    best.push((await context.top(index, 1))[0].id);
  await context.dispose();
  await model.dispose();
  rmSync(folder, { recursive: true });
  return best;
}

const text = readFileSync(new URL('../src/inference/fixtures/teacher.txt', import.meta.url), 'utf8');
const native = await openNative();
const models = {};
let ids = [];
for (const [type, path] of Object.entries(paths)) {
  const { metadata } = await readGguf(path);
  const vocabularySize = metadata.get('tokenizer.ggml.tokens').length;
  const model = await loadNativeModel(native, path);
  ids = tokenizeNative(model, text).slice(0, TOKENS);
  if (ids.length < TOKENS) throw new Error(`the text has only ${ids.length} tokens`);
  const context = await openNativeContext(native, model, {
    contextTokens: TOKENS,
    threads: 2,
    f32Cache: true,
  });
  const indexes = await context.decode(ids, Array.from(ids.keys()));
  const [best, gap, logSum, probes] = [[], [], [], []];
  for (const [position, index] of indexes.entries()) {
    const logits = await context.logits(index, vocabularySize);
    let [first, second] = [0, -1];
    for (let id = 1; id < vocabularySize; id++) {
      if (logits[id] > logits[first]) [first, second] = [id, first];
      else if (second < 0 || logits[id] > logits[second]) second = id;
    }
    best.push(first);
    gap.push(logits[first] - logits[second]);
    logSum.push(
      logits[first] + Math.log(logits.reduce((sum, value) => sum + Math.exp(value - logits[first]), 0)),
    );
    if (position % STEP === 0) probes.push(...PROBES.map((id) => logits[id]));
  }
  const pack = (values) => Buffer.from(Float32Array.from(values).buffer).toString('base64');
  models[type] = { best, gap: pack(gap), logSum: pack(logSum), probes: pack(probes) };
  models[type].exact = await predictExactly(path);
  const off = models[type].exact.filter((id, position) => id !== best[position]).length;
  console.log(type, 'differs from exact arithmetic at', off, 'of', TOKENS, 'positions');
  const hits = best.filter((id, position) => id === ids[position + 1]).length;
  console.log(
    type,
    'predicts',
    hits,
    'of',
    TOKENS - 1,
    'next tokens; gaps below 0.1:',
    gap.filter((g) => g < 0.1).length,
  );
  await context.dispose();
  await model.dispose();
}
await native.dispose();
const fixture = {
  source:
    'node-llama-cpp 3.22.1 (llama.cpp v0.5.0), CPU, F32 KV cache; SmolLM2-135M-Instruct, Q8_0 by bench/requantise.mjs',
  ids,
  probeIds: PROBES,
  probeStep: STEP,
  models,
};
const bytes = gzipSync(JSON.stringify(fixture), { level: 9 });
writeFileSync(new URL('../src/inference/fixtures/teacher.json.gz', import.meta.url), bytes);
console.log(`${bytes.length} bytes`);
