// How often our engine, in every dot mode of this machine, and llama.cpp predict what exact arithmetic on the same weights
// predicts: `node bench/exactness.mjs [--types Q8_0,Q4_1,Q4_K_M,Q6_K] [--threads 2] [--model SmolLM2.Q4_1.gguf] [--json]`.
// 512 tokens of a story through SmolLM2-135M. Exits with 1 where ours is more than 0.005 below llama.cpp's own agreement.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { openBenchPage } from './browser.mjs';
import { describeMachine } from './machine.mjs';
import { prepareSmallModel } from './models.mjs';
import { loadNativeModel, openNative, predictNative } from './native.mjs';
import { startWithoutAmx } from './native-without-amx.mjs';
import { share, sharesOfRow } from './report.mjs';

const { values } = parseArgs({
  options: {
    types: { type: 'string', default: 'Q8_0,Q4_1,Q4_K_M,Q6_K' },
    threads: { type: 'string', default: '2' },
    model: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const say = (line) => (values.json ? console.error(line) : console.log(line));
const threads = Number(values.threads);
const TOLERANCE = 0.005;
/** V8 without VNNI for short vectors: the dot product saturates, as on most x86 laptops. */
const WITHOUT_VNNI = '--js-flags=--no-enable-avx-vnni,--no-enable-avx-vnni-int8';
const WAYS = [
  { name: 'as it is', flags: [], options: {} },
  { name: 'without VNNI', flags: [WITHOUT_VNNI], options: {} },
  { name: 'plain build', flags: [], options: { build: 'wasm32-plain' } },
];

const types = values.types.split(',');
const packed = readFileSync(new URL('../src/inference/fixtures/teacher.json.gz', import.meta.url));
const { ids } = JSON.parse(gunzipSync(packed).toString());
const native = await openNative();
const withoutAmx = startWithoutAmx(native);

async function predictWith(path) {
  const model = await loadNativeModel(native, path);
  const predicted = await predictNative(native, model, ids, threads);
  await model.dispose();
  return predicted;
}

const rows = {};
for (const type of types) {
  const path = await prepareSmallModel(type, values.model);
  const exact = await predictWith(await prepareSmallModel(`${type}.F32`, values.model));
  rows[type] = { path, exact, predictions: { native: await predictWith(path) } };
  if (withoutAmx) rows[type].predictions['native without AMX'] = await withoutAmx.predict(path, ids, threads);
}
withoutAmx?.dispose();
await native.dispose();

for (const { name, flags, options } of WAYS) {
  const bench = await openBenchPage(flags);
  try {
    for (const type of types) {
      await bench.pick(rows[type].path);
      const opened = { threads, contextTokens: ids.length, ...options };
      const { info } = await bench.page.evaluate((o) => window.bench.ours.open(o), opened);
      const label = `${name} (${options.build ? 'pairs' : info.backend.dotMode})`;
      rows[type].predictions[label] = await bench.page.evaluate((i) => window.bench.ours.predictEach(i), ids);
      await bench.page.evaluate(() => window.bench.ours.close());
    }
  } finally {
    await bench.close();
  }
}

const machine = describeMachine();
say(`${machine.cpu}; ${ids.length} tokens; share of positions with exact arithmetic's prediction`);
const table = Object.fromEntries(types.map((type) => [type, sharesOfRow(rows[type])]));
const labels = Object.keys(table[types[0]]);
say(['', ...labels].join(' | '));
for (const type of types) say([type, ...labels.map((label) => table[type][label].toFixed(4))].join(' | '));
const same = types.map((type) => {
  const ours = Object.entries(rows[type].predictions).filter(([label]) => !label.startsWith('native'));
  return Math.min(...ours.map(([, predicted]) => share(ours[0][1], predicted)));
});
say(
  `our ways among themselves: ${types.map((type, index) => `${type} ${same[index].toFixed(4)}`).join(', ')}`,
);
const worst = types.flatMap((type) => {
  const own = table[type]['native without AMX'] ?? table[type].native;
  return labels
    .filter((label) => !label.startsWith('native') && table[type][label] < own - TOLERANCE)
    .map((label) => `${type} ${label}: ${table[type][label].toFixed(4)} against ${own.toFixed(4)}`);
});
for (const line of worst) say(`BELOW: ${line}`);
if (values.json) console.log(JSON.stringify({ machine, tokens: ids.length, agreement: table, below: worst }));
process.exit(worst.length > 0 ? 1 : 0);
