// Our engine against wllama (llama.cpp in WASM) on the same page and against native llama.cpp, in one run:
//   npm run bench -- [--quick] [--json] [--model SmolLM2.Q4_1.gguf] [--threads 2] [--rounds 3] [--shapes-only]
//     [--js-flags=--no-enable-avx-vnni]
// `--json` prints one JSON object as the last line; everything else goes to standard error then.
// `--quick` leaves out the 7B-shaped models, `--shapes-only` all others.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describeMachine } from './machine.mjs';
import { summariseShapes, summariseSmall } from './report.mjs';
import { measureSet } from './set.mjs';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    model: { type: 'string' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    'shapes-only': { type: 'boolean', default: false },
    'js-flags': { type: 'string' },
  },
});
const say = (line) => (values.json ? console.error(line) : console.log(line));
/** The app's own default; and less, so that --quick stays within five minutes. */
const SET_TOKENS = 96;
const QUICK_SET_TOKENS = 32;
const threads = Number(values.threads);
const rounds = Number(values.rounds);

/** Native llama.cpp is a dependency of this package only: got when first needed. */
function installPeers() {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  if (existsSync(`${folder}node_modules/node-llama-cpp`)) return;
  say('installing the peers of bench/ ...');
  // The prebuilt binaries are packages, so no install script has to run.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ci in bench/ failed: ${stderr}`);
}

async function measureSmallModels({ bench, native, withoutAmx }) {
  const { measureModel } = await import('./measure.mjs');
  const { prepareSmallModel } = await import('./models.mjs');
  const text = readFileSync(new URL('../src/inference/fixtures/teacher.txt', import.meta.url), 'utf8');
  const packed = readFileSync(new URL('../src/inference/fixtures/teacher.json.gz', import.meta.url));
  const teacher = JSON.parse(gunzipSync(packed).toString());
  const results = {};
  for (const type of ['Q8_0', 'Q4_1']) {
    const path = await prepareSmallModel(type, values.model);
    say(`SmolLM2-135M ${type}, ${threads} threads`);
    results[type] = await measureModel({
      bench,
      native,
      withoutAmx,
      path,
      text,
      options: {
        promptTokens: 256,
        maxTokens: 64,
        // Rates are compared, and wllama needs ten times as long for each token.
        ...(values.quick && { wllamaTokens: [128, 32], roundsMs: 45_000 }),
        contextTokens: 512,
        threads,
        rounds,
        engines: ['ours', 'wllama', 'native'],
        teacher: { ids: teacher.ids, exact: teacher.models[type].exact },
        say,
      },
    });
  }
  return results;
}

/** Agreement with native for the other types, without timings. */
async function measureOtherTypes({ bench, native }) {
  const { measureOnlyAgreement } = await import('./measure.mjs');
  const { prepareSmallModel } = await import('./models.mjs');
  const packed = readFileSync(new URL('../src/inference/fixtures/teacher.json.gz', import.meta.url));
  const { ids } = JSON.parse(gunzipSync(packed).toString());
  const results = {};
  for (const type of ['Q4_0', 'Q5_0', 'Q5_1', 'F16', 'BF16']) {
    say(`SmolLM2-135M ${type}`);
    const path = await prepareSmallModel(type, values.model);
    results[type] = await measureOnlyAgreement({
      bench,
      native,
      path,
      options: { threads, teacher: { ids }, say },
    });
  }
  return results;
}

async function measureShapes({ bench, native, withoutAmx }) {
  const { measureModel } = await import('./measure.mjs');
  const { prepareShapeModel } = await import('./models.mjs');
  const text = readFileSync(new URL('../src/inference/fixtures/teacher.txt', import.meta.url), 'utf8');
  const results = {};
  // 4.08 GB of Q4_K_M do not fit wllama's heap of 4 GiB.
  const engines = { Q4_0: ['ours', 'wllama', 'native'], Q4_K_M: ['ours', 'native'] };
  for (const [type, list] of Object.entries(engines)) {
    say(`7B shape ${type}, ${threads} threads`);
    const path = await prepareShapeModel(type);
    results[type] = await measureModel({
      bench,
      native,
      withoutAmx,
      path,
      text,
      options: {
        promptTokens: 128,
        maxTokens: 16,
        // wllama reads half a token a second: few tokens tell its rate.
        wllamaTokens: [8, 6],
        contextTokens: 256,
        threads,
        rounds: 3,
        engines: list,
        say,
      },
    });
  }
  return results;
}

/** What was measured before is told all the same. */
function reportLost(error) {
  process.exitCode = 1;
  say(`the set could not be measured: ${error.message}`);
  return null;
}

installPeers();
const { openNative } = await import('./native.mjs');
const { startWithoutAmx } = await import('./native-without-amx.mjs');
const { openBenchPage } = await import('./browser.mjs');
const before = describeMachine();
say(`${before.cpu}, ${before.cores} cores, ${before.memoryGiB} GiB, load ${before.loadAverage.join(' ')}`);
const native = await openNative();
const withoutAmx = startWithoutAmx(native);
const bench = await openBenchPage(values['js-flags'] ? [`--js-flags=${values['js-flags']}`] : []);
say(`Chromium ${bench.version}; native llama.cpp: ${native.systemInfo}`);
try {
  const small = values['shapes-only'] ? undefined : await measureSmallModels({ bench, native, withoutAmx });
  const others = values.quick || !small ? undefined : await measureOtherTypes({ bench, native });
  const shapes = values.quick ? undefined : await measureShapes({ bench, native, withoutAmx });
  const report = {
    ...(small && summariseSmall(small)),
    ...(shapes && summariseShapes(shapes)),
    setVsWllama: await measureSet(values.quick ? QUICK_SET_TOKENS : SET_TOKENS, say).catch(reportLost),
    machine: { before, after: describeMachine(), chromium: bench.version },
    threads,
    models: small,
    ...(others && { otherTypes: others }),
    ...(shapes && { shapes }),
  };
  for (const [name, value] of Object.entries(report)) if (typeof value === 'number') say(`${name}: ${value}`);
  if (values.json) console.log(JSON.stringify(report));
} finally {
  await bench.close();
  withoutAmx?.dispose();
  await native.dispose();
}
