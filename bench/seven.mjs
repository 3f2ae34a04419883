// A 7B model in a tab: `npm run bench:7b -- [--json] [--type Q4_0] [--threads 2|measure] [--only file|download]`.
// Random weights in WizardLM-7B's exact sizes (made when missing: 3.8 GB in BENCH_CACHE) through our CPU engine, from a
// picked file, and downloaded by ranges from a loopback server into IndexedDB; 32 tokens each.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBenchPage } from './browser.mjs';
import { describeMachine } from './machine.mjs';
import { readPeakMemory } from './memory.mjs';
import { prepareShapeModel } from './models.mjs';
import { serveRanges } from './range-server.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    type: { type: 'string', default: 'Q4_0' },
    threads: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
});
const say = (line) => (values.json ? console.error(line) : console.log(line));
const NEW_TOKENS = 32;
const PROMPT = 'Three friends, Anna, Boris and Clara, each own one pet: a cat, a dog or a parrot. ';
const options = {
  threads: values.threads === 'measure' ? 'measure' : Number(values.threads),
  contextTokens: 512,
};
const round = (value, digits = 1) => Number(value.toFixed(digits));
const gigabytes = (bytes) => round(bytes / 1e9, 2);

async function generate(page) {
  const ids = await page.evaluate((text) => window.bench.ours.tokenize(text), PROMPT.repeat(3));
  const result = await page.evaluate(([i, n]) => window.bench.ours.generate(i, n), [ids, NEW_TOKENS]);
  if (result.ids.length === 0) throw new Error('nothing was generated');
  return {
    promptTokens: ids.length,
    newTokens: result.ids.length,
    prefillPerSecond: round((ids.length / result.prefillMs) * 1000, 2),
    decodePerSecond: round((result.decodedTokens / result.decodeMs) * 1000, 2),
  };
}

/** One way to the model, in a browser of its own: its peak memory is then the way's. */
async function measureWay(name, load) {
  const profile = mkdtempSync(join(tmpdir(), 'bench-profile-'));
  const bench = await openBenchPage([], { profile });
  try {
    const loaded = await load(bench);
    const speed = await generate(bench.page);
    const { rendererBytes, browserBytes } = readPeakMemory() ?? {};
    const figures = {
      ...loaded,
      ...speed,
      peakRendererGB: rendererBytes && gigabytes(rendererBytes),
      peakBrowserGB: browserBytes && gigabytes(browserBytes),
    };
    say(
      `${name}: ${loaded.downloadSeconds === undefined ? '' : `downloaded in ${loaded.downloadSeconds} s, `}` +
        `loaded in ${loaded.loadSeconds} s, prefill ${speed.prefillPerSecond} and decode ${speed.decodePerSecond} tokens/s ` +
        `(${speed.promptTokens} and ${speed.newTokens} tokens), ` +
        `peak memory ${figures.peakRendererGB ?? '?'} GB in the page, ${figures.peakBrowserGB ?? '?'} GB in the browser`,
    );
    return { ...figures, browser: bench.version };
  } finally {
    await bench.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

function describeOpened({ loadMs, info }) {
  const { build, threads, memoryBytes } = info;
  return { loadSeconds: round(loadMs / 1000), build, threads, engineGB: gigabytes(memoryBytes) };
}

async function loadFile({ page, pick }, path) {
  await pick(path);
  return describeOpened(await page.evaluate((o) => window.bench.ours.open(o), options));
}

async function loadDownload({ page }, url) {
  const { ms } = await page.evaluate((from) => window.bench.ours.download(from), url);
  return {
    downloadSeconds: round(ms / 1000),
    ...describeOpened(await page.evaluate((o) => window.bench.ours.openDownloaded(o), options)),
  };
}

const before = describeMachine();
const path = await prepareShapeModel(values.type);
say(`WizardLM-7B shape, ${values.type}, ${values.threads} threads: ${path}`);
const result = { type: values.type, machine: { before } };
if (values.only !== 'download') {
  result.file = await measureWay('from a file', (bench) => loadFile(bench, path));
}
if (values.only !== 'file') {
  const server = await serveRanges(path);
  try {
    result.download = await measureWay('downloaded', (bench) => loadDownload(bench, server.url));
  } finally {
    server.close();
  }
}
result.machine.after = describeMachine();
if (values.json) console.log(JSON.stringify(result));
