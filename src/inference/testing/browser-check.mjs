// node browser-check.mjs [SmolLM2 files .. named *Q8_0.gguf or *Q4_1.gguf]: the engine in Chromium against the fixtures
// of native llama.cpp: every build, one and two threads, with and without cross-origin isolation. Exits 1 on a miss.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openHarness } from './browser.mjs';
import { createRandomModel, KEPT_POSITIONS, RANDOM_PROMPT, VOCABULARY } from './random-model.mjs';
import { RANDOM_MODELS } from './random-models.mjs';

const readFixture = (name) =>
  JSON.parse(gunzipSync(readFileSync(join(import.meta.dirname, '../fixtures', name))).toString());
const floats = (base64) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
const relativeError = (actual, expected) => {
  let difference = 0;
  let size = 0;
  expected.forEach((wanted, index) => {
    difference += (actual[index] - wanted) ** 2;
    size += wanted ** 2;
  });
  return Math.sqrt(difference / size);
};

const BUILDS = ['wasm32-relaxed', 'wasm64-relaxed', 'wasm32-plain'];
const TOLERANCES = { F32: 2e-5, F16: 3e-3, BF16: 2e-2 };
/** llama.cpp looks GELU up in a table of half floats. */
const GELU_TOLERANCE = 5e-4;
const GELU_ARCHITECTURES = ['gemma2', 'gemma3', 'gpt2', 'gptneox', 'phi2', 'falcon', 'starcoder2'];
let misses = 0;
const report = (good, text) => {
  if (!good) misses++;
  console.log(`${good ? 'ok  ' : 'MISS'} ${text}`);
};
const args = process.argv
  .slice(2)
  .filter((a) => a.startsWith('--args='))
  .flatMap((a) => a.slice(7).split(','));
const teacherFiles = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const folder = mkdtempSync(join(tmpdir(), 'simd-models-'));

async function checkRandomModels(harness, builds, threadCounts) {
  const { models } = readFixture('logits.json.gz');
  for (const build of builds) {
    const errors = {};
    const differing = [];
    for (const [name, options] of Object.entries(RANDOM_MODELS)) {
      const path = join(folder, `${name}.gguf`);
      writeFileSync(path, createRandomModel(options));
      const url = harness.serve(path);
      let first;
      for (const threads of threadCounts) {
        await harness.call('open', { url, options: { build, threads, kvType: 'f32' } });
        const logits = Float32Array.from(Object.values(await harness.call('logits', RANDOM_PROMPT)));
        if (first && !first.every((value, index) => Object.is(value, logits[index]))) differing.push(name);
        first ??= logits;
      }
      const native = floats(models[name]);
      const worst = Math.max(
        ...KEPT_POSITIONS.map((position, at) =>
          relativeError(
            first.subarray(position * VOCABULARY, (position + 1) * VOCABULARY),
            native.subarray(at * VOCABULARY, (at + 1) * VOCABULARY),
          ),
        ),
      );
      errors[name] = worst;
      const least = GELU_ARCHITECTURES.includes(options.architecture) ? GELU_TOLERANCE : 0;
      if (!(worst < Math.max(least, TOLERANCES[options.type ?? 'F32'] ?? 6.5e-2)))
        report(false, `${build} ${name}: relative error ${worst}`);
    }
    const list = Object.entries(errors).map(([name, error]) => `${name} ${error.toExponential(1)}`);
    report(true, `${build}: ${list.join(', ')}`);
    if (threadCounts.length > 1)
      report(differing.length === 0, `${build}: same bits with ${threadCounts} threads ${differing}`);
  }
}

async function checkTeacher(harness, path, build) {
  const fixture = readFixture('teacher.json.gz');
  const type = path.includes('Q8_0') ? 'Q8_0' : 'Q4_1';
  const native = fixture.models[type];
  const gap = floats(native.gap);
  const info = await harness.call('open', { url: harness.serve(path), options: { build, threads: 2 } });
  const { best, gaps, probes } = await harness.call('teacher', fixture);
  const missed = best.flatMap((id, at) =>
    id === native.best[at] ? [] : [`${at}: native gap ${gap[at].toFixed(3)}, ours ${gaps[at].toFixed(3)}`],
  );
  const agreement = 1 - missed.length / best.length;
  const rms = relativeError(probes, floats(native.probes));
  report(
    // Both round activations to 8 bits: each agrees with exact arithmetic to 0.97 .. 0.98 on this text.
    agreement >= 0.95 && rms < 0.04,
    `${build} ${info.backend.dotMode} ${type}: argmax agreement ${agreement.toFixed(4)}, logit error ${rms.toExponential(2)}; ${missed.join('; ')}`,
  );
}

/** The same ids for 64 prompts, whatever the number of threads; the last count stays open. */
async function checkThreads(harness, url) {
  const answers = [];
  for (const threads of [1, 2, 3, 'measure']) {
    const info = await harness.call('open', { url, options: { threads } });
    const ids = [];
    for (let index = 0; index < 64; index++) {
      const prompt = Array.from({ length: 3 + index }, (_, i) => 300 + ((index * 131 + i * 37) % 20_000));
      ids.push(...(await harness.call('generate', { prompt, maxTokens: 8 })).ids);
    }
    answers.push(ids.join());
    if (threads === 'measure')
      console.log(`     measured: ${info.backend.threads} of ${info.backend.maxThreads} threads`);
  }
  report(new Set(answers).size === 1, 'the same ids for 64 prompts with 1, 2, 3 and measured threads');
}

let harness = await openHarness({ args });
try {
  await checkRandomModels(harness, BUILDS, [1, 2]);
  for (const path of teacherFiles) for (const build of BUILDS) await checkTeacher(harness, path, build);
  const [big] = teacherFiles;
  if (big) {
    await checkThreads(harness, harness.serve(big));
    const stopped = await harness.call('abortPrefill', {
      ids: Array.from({ length: 2000 }, (_, i) => 300 + i),
    });
    report(stopped !== 'not stopped', `abort in prefill: ${stopped.error}`);
  }
} finally {
  await harness.close();
}
// Without isolation nothing can be shared: one thread on unshared memory.
harness = await openHarness({ isolated: false, args });
try {
  await checkRandomModels(harness, BUILDS, [2]);
} finally {
  await harness.close();
  rmSync(folder, { recursive: true });
}
process.exitCode = misses ? 1 : 0;
