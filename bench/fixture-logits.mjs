// Logits of native llama.cpp for tiny random models: `node bench/fixture-logits.mjs`.
// Writes src/inference/fixtures/logits.json.gz; the models themselves are made again by the tests.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  createRandomModel,
  KEPT_POSITIONS,
  RANDOM_PROMPT,
  VOCABULARY,
} from '../src/inference/testing/random-model.mjs';
import { RANDOM_MODELS } from '../src/inference/testing/random-models.mjs';
import { loadNativeModel, openNative, openNativeContext } from './native.mjs';

const folder = mkdtempSync(join(tmpdir(), 'logits-'));
const native = await openNative();
const models = {};
for (const [name, options] of Object.entries(RANDOM_MODELS)) {
  const path = join(folder, `${name.replaceAll(' ', '-')}.gguf`);
  writeFileSync(path, createRandomModel(options));
  const model = await loadNativeModel(native, path);
  const context = await openNativeContext(native, model, { contextTokens: 64, threads: 1, f32Cache: true });
  const indexes = await context.decode(RANDOM_PROMPT, KEPT_POSITIONS);
  const logits = new Float32Array(KEPT_POSITIONS.length * VOCABULARY);
  for (const [at, index] of indexes.entries())
    logits.set(await context.logits(index, VOCABULARY), at * VOCABULARY);
  const spread = Math.sqrt(logits.reduce((sum, value) => sum + value * value, 0) / logits.length);
  console.log(name, 'root mean square', spread.toFixed(3), 'greatest', Math.max(...logits).toFixed(2));
  models[name] = Buffer.from(logits.buffer).toString('base64');
  await context.dispose();
  await model.dispose();
}
await native.dispose();
rmSync(folder, { recursive: true });

const fixture = {
  source: 'node-llama-cpp 3.22.1 (llama.cpp v0.5.0), CPU, F32 KV cache, no flash attention',
  models,
};
const bytes = gzipSync(JSON.stringify(fixture), { level: 9 });
writeFileSync(new URL('../src/inference/fixtures/logits.json.gz', import.meta.url), bytes);
console.log(`${Object.keys(models).length} models, ${bytes.length} bytes`);
