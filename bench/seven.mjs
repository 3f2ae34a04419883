// A 7B model in a tab: `npm run bench:7b -- [--json] [--type Q4_0] [--threads 2|measure] [--only file|download|kill]`.
// Random weights in WizardLM-7B's exact sizes (made when missing: 3.8 GB in BENCH_CACHE) through our CPU engine, from a
// picked file, and downloaded from a loopback server as the app downloads; 32 tokens each. `--only kill` downloads alone,
// ends the page half-way, goes on in another and tells what was sent twice; exits 1 on a wrong hash or more than a shard.
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const { build, threads, memoryBytes } = info.backend;
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

const SHARD_BYTES = 16 * 1024 * 1024;

async function hashFile(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** A fast line. The loopback alone is faster than the page and would fill every buffer between them. */
const LINE_BYTES_PER_SECOND = 40e6;

/** A download through the app's own path whose page is ended half-way. */
async function measureKill(path) {
  const totalBytes = statSync(path).size;
  const profile = mkdtempSync(join(tmpdir(), 'bench-profile-'));
  const server = await serveRanges(path, LINE_BYTES_PER_SECOND);
  const bench = await openBenchPage([], { profile });
  try {
    const startedAt = performance.now();
    await bench.page.evaluate((url) => {
      void window.bench.ours.download(url);
    }, server.url);
    let received = 0;
    while (received < totalBytes / 2) {
      await sleep(50);
      received = await bench.page.evaluate(() => window.bench.ours.progress()?.receivedBytes ?? 0);
    }
    const beforeKill = readPeakMemory();
    await bench.page.close({ runBeforeUnload: false });
    const seconds = (performance.now() - startedAt) / 1000;
    // What the ended page had asked for is on its way.
    await sleep(1000);
    const sentToKilled = server.sentBytes();
    const page = await bench.openPage();
    const { ms, bytes, sha256 } = await page.evaluate((url) => window.bench.ours.download(url), server.url);
    const resumed = await page.evaluate(() => window.bench.ours.progress());
    const afterResume = readPeakMemory();
    const figures = {
      bytes,
      secondsToKill: round(seconds),
      sentToKilled,
      receivedByKilled: received,
      secondsToFinish: round(ms / 1000),
      receivedAgain: resumed.receivedBytes,
      // As the ended page last told, which is a little less than it had.
      receivedTwice: received + resumed.receivedBytes - totalBytes,
      // Also what lay unread in its sockets.
      sentTwice: server.sentBytes() - totalBytes,
      sha256,
      isRight: bytes === totalBytes && sha256 === (await hashFile(path)),
      peakRendererGB: gigabytes(Math.max(beforeKill?.rendererBytes ?? 0, afterResume?.rendererBytes ?? 0)),
      peakBrowserGB: gigabytes(Math.max(beforeKill?.browserBytes ?? 0, afterResume?.browserBytes ?? 0)),
    };
    say(
      `killed after ${figures.secondsToKill} s and ${gigabytes(sentToKilled)} GB, then ${figures.secondsToFinish} s for ` +
        `${gigabytes(figures.receivedAgain)} GB; received twice: ${round(figures.receivedTwice / 2 ** 20, 2)} MiB, with what lay unread ` +
        `${round(figures.sentTwice / 2 ** 20, 2)} MiB, of a shard's ${SHARD_BYTES / 2 ** 20}; hash ${figures.isRight ? 'right' : 'WRONG'}; peak memory ` +
        `${figures.peakRendererGB} GB in the page, ${figures.peakBrowserGB} GB in the browser`,
    );
    if (!figures.isRight || figures.sentTwice > SHARD_BYTES) process.exitCode = 1;
    return figures;
  } finally {
    await bench.close();
    server.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

const before = describeMachine();
const path = await prepareShapeModel(values.type);
say(`WizardLM-7B shape, ${values.type}, ${values.threads} threads: ${path}`);
const result = { type: values.type, machine: { before } };
const does = (part) => values.only === part;
if (values.only === undefined || does('file')) {
  result.file = await measureWay('from a file', (bench) => loadFile(bench, path));
}
if (does('kill')) result.kill = await measureKill(path);
if (values.only === undefined || does('download')) {
  const server = await serveRanges(path);
  try {
    result.download = await measureWay('downloaded', (bench) => loadDownload(bench, server.url));
  } finally {
    server.close();
  }
}
result.machine.after = describeMachine();
if (values.json) console.log(JSON.stringify(result));
