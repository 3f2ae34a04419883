// What the app costs on top of its engine: tokens per second through the page against the same engine called bare on a
// blank page. Same file, same prompts, same settings, one run, taking turns so that a change in the machine's load
// meets both. `appVsBare` is the lesser of the engines' medians.
// Usage: npm run --silent bench:overhead -- [--json] [--cases N] [--rounds N] [--threads N] [--engines wllama,simd]   (builds the site first)
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { findBrowser } from '../scripts/find-browser.mjs';
import { serveStatic } from '../scripts/serve-static.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    cases: { type: 'string', default: '12' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    engines: { type: 'string', default: 'wllama,simd' },
  },
});
const CASES = Number(options.cases);
const ROUNDS = Number(options.rounds);
const THREADS = Math.min(Number(options.threads), availableParallelism());
/** The app's own default. */
const MAX_TOKENS = 96;
const root = join(import.meta.dirname, '..');
const log = options.json ? () => undefined : console.log;

execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });

// The bare page needs the headers that the app's service worker gives itself.
const isolated = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
// A set of so few cases that every run ends by itself: a stop may end the worker, and a new one starts cold.
const site = mkdtempSync(join(tmpdir(), 'wizardbench-'));
cpSync(join(root, 'dist'), site, { recursive: true });
const setFile = join(site, 'sets/logic-en.json');
const testSet = JSON.parse(readFileSync(setFile, 'utf8'));
writeFileSync(setFile, JSON.stringify({ ...testSet, cases: testSet.cases.slice(0, CASES) }));
const app = await serveStatic(site, 0);
const bare = await serveStatic(root, 0, { headers: isolated });
const urlOf = (server) => `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: findBrowser(),
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
});

/** Runs the set through the app and returns what its journal holds of them. */
async function runApp(page) {
  await page.getByRole('button', { name: /^Run( again)?$/ }).click();
  await page.getByRole('button', { name: 'Run again' }).waitFor({ timeout: 600_000 });
  return page.evaluate(async () => {
    const asked = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await asked(indexedDB.open('wizardbench-journal'));
    const transaction = database.transaction(['runs', 'results']);
    const runs = await asked(transaction.objectStore('runs').index('startedAt').getAll());
    const run = runs.at(-1);
    const results = await asked(
      transaction.objectStore('results').getAll(IDBKeyRange.bound([run.id, 0], [run.id, Infinity])),
    );
    database.close();
    return { session: run.setup.session, sampling: run.setup.sampling, results };
  });
}

/** Chooses engine and answer length, and runs once: download, threads and code are warm after that. */
async function warmUpApp(engine) {
  const page = await browser.newPage();
  await page.goto(urlOf(app));
  await page.waitForFunction(() => crossOriginIsolated);
  await page.getByText('Settings', { exact: true }).click();
  await page.locator(`#engine option[value="${engine}"]`).waitFor({ state: 'attached' });
  await page.getByLabel('Engine').selectOption(engine);
  // One count for both sides: what is measured is the app, not two guesses at the best count.
  if (THREADS > 0) await page.getByLabel('Threads').selectOption(String(THREADS));
  await page.getByLabel('Answer length, tokens').fill(String(MAX_TOKENS));
  await page.getByLabel('Answer length, tokens').blur();
  return { page, ...(await runApp(page)) };
}

/** wllama on a blank page, with the same file in one Blob, as the app gives it. */
async function openBareWllama({ session, sampling }) {
  const page = await browser.newPage();
  await page.route('**/blank.html', (route) =>
    route.fulfill({
      headers: { ...isolated, 'Content-Type': 'text/html' },
      body: '<!doctype html><title>bare</title>',
    }),
  );
  await page.goto(`${urlOf(bare)}/blank.html`);
  await page.evaluate(async ({ threads, contextTokens }) => {
    const { Wllama } = await import('/node_modules/@wllama/wllama/esm/index.js');
    const folder = '/static-models/smollm2-135m-instruct-q4_1/';
    const manifest = await (await fetch(`${folder}manifest.json`)).json();
    const parts = [];
    for (const { path } of manifest.shards) parts.push(await (await fetch(folder + path)).blob());
    const engine = new Wllama(
      { default: '/node_modules/@wllama/wllama/esm/wasm/wllama.wasm' },
      { suppressNativeLog: true },
    );
    engine.setCompat(null);
    await engine.loadModel([new Blob(parts)], {
      n_ctx: contextTokens,
      n_threads: threads,
      n_gpu_layers: 0,
      n_parallel: 1,
      warmup: false,
    });
    window.engine = engine;
  }, session);
  const answer = (prompt) =>
    page.evaluate(
      async ({ prompt, sampling }) => {
        const startedAt = performance.now();
        const chunks = await window.engine.createCompletion({
          prompt,
          stream: true,
          max_tokens: sampling.maxTokens,
          temperature: sampling.temperature,
          top_p: sampling.topP,
          top_k: sampling.topK,
          seed: sampling.seed,
          stop: ['<|im_end|>'],
        });
        for await (const chunk of chunks) void chunk;
        return performance.now() - startedAt;
      },
      { prompt, sampling },
    );
  return { page, answer, close: () => page.close() };
}

/** Our engine in a worker on the benchmark's page, from the same file. */
async function openBareSimd({ session, sampling }) {
  const folder = join(root, 'static-models/smollm2-135m-instruct-q4_1');
  const { shards } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const file = join(site, 'model.gguf');
  writeFileSync(file, Buffer.concat(shards.map(({ path }) => readFileSync(join(folder, path)))));
  const { openBenchPage } = await import('./browser.mjs');
  const { page, pick, close } = await openBenchPage();
  await pick(file);
  await page.evaluate(
    ({ contextTokens, threads }) => window.bench.ours.open({ contextTokens, threads }),
    session,
  );
  const answer = (prompt) =>
    page.evaluate(
      async ({ prompt, maxTokens }) => {
        const startedAt = performance.now();
        await window.bench.ours.generate(prompt, maxTokens);
        return performance.now() - startedAt;
      },
      { prompt, maxTokens: sampling.maxTokens },
    );
  return { page, answer, close };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Milliseconds for the same answers through the app and bare, in turns. */
async function measure(engine, openBare) {
  log(`${engine}: warming up (download, thread measurement, first run)`);
  const warm = await warmUpApp(engine);
  const { page, answer, close } = await openBare(warm);
  const prompts = warm.results.map(({ prompt }) => prompt);
  for (const prompt of prompts.slice(0, 3)) await answer(prompt);
  const rounds = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await warm.page.bringToFront();
    const { results } = await runApp(warm.page);
    const appMs = results.reduce((sum, { timing }) => sum + timing.totalMs, 0);
    const tokens = results.reduce((sum, { timing }) => sum + timing.answerTokens, 0);
    await page.bringToFront();
    let bareMs = 0;
    for (const prompt of prompts) bareMs += await answer(prompt);
    // The same prompts, greedy, on the same engine: the same tokens, so the times compare.
    const rates = { app: (tokens * 1000) / appMs, bare: (tokens * 1000) / bareMs, ratio: bareMs / appMs };
    rounds.push(rates);
    log(
      `${engine} round ${round}: app ${rates.app.toFixed(2)} tok/s, bare ${rates.bare.toFixed(2)} tok/s, ` +
        `ratio ${rates.ratio.toFixed(3)}`,
    );
  }
  await close();
  await warm.page.close();
  return { engine, session: warm.session, ratio: median(rounds.map(({ ratio }) => ratio)), rounds };
}

const OPEN_BARE = { wllama: openBareWllama, simd: openBareSimd };
let measured;
try {
  measured = [];
  for (const engine of options.engines.split(',')) measured.push(await measure(engine, OPEN_BARE[engine]));
} finally {
  await browser.close();
  app.close();
  bare.close();
  rmSync(site, { recursive: true });
}
log(`load average ${loadavg()[0].toFixed(2)}`);
const appVsBare = Number(Math.min(...measured.map(({ ratio }) => ratio)).toFixed(3));
console.log(JSON.stringify({ appVsBare, measured }));
