// What the app costs on top of its engine: tokens per second through the page against the same engine called bare on a
// blank page. Same file, same prompts, same settings, one run, taking turns so that a change in the machine's load
// meets both.
// Usage: npm run --silent bench:overhead -- [--json] [--cases N] [--rounds N]   (builds the site first)
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { findBrowser } from '../scripts/find-browser.mjs';
import { serveStatic } from '../scripts/serve-static.mjs';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    cases: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
  },
});
const CASES = Number(options.cases);
const ROUNDS = Number(options.rounds);
const MAX_TOKENS = 48;
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

/** Loads wllama on a blank page, with the same file in one Blob, as the app gives it. */
async function openBare(page, threads, contextTokens) {
  await page.route('**/blank.html', (route) =>
    route.fulfill({
      headers: { ...isolated, 'Content-Type': 'text/html' },
      body: '<!doctype html><title>bare</title>',
    }),
  );
  await page.goto(`${urlOf(bare)}/blank.html`);
  await page.evaluate(
    async ({ threads, contextTokens }) => {
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
    },
    { threads, contextTokens },
  );
}

/** The same prompts with the same settings; returns tokens and milliseconds, as the app counts them. */
function runBare(page, prompts, sampling) {
  return page.evaluate(
    async ({ prompts, sampling }) => {
      let tokens = 0;
      let milliseconds = 0;
      for (const prompt of prompts) {
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
        let last;
        for await (const chunk of chunks) last = chunk;
        milliseconds += performance.now() - startedAt;
        tokens += last.timings.predicted_n;
      }
      return { tokens, milliseconds };
    },
    { prompts, sampling },
  );
}

const rate = ({ tokens, milliseconds }) => (tokens * 1000) / milliseconds;
const rounds = [];
try {
  const appPage = await browser.newPage();
  await appPage.goto(urlOf(app));
  await appPage.waitForFunction(() => crossOriginIsolated);
  await appPage.getByText('Settings', { exact: true }).click();
  await appPage.getByLabel('Answer length, tokens').fill(String(MAX_TOKENS));
  await appPage.getByLabel('Answer length, tokens').blur();
  log('warming up: download, thread measurement, first run');
  const warm = await runApp(appPage);
  const barePage = await browser.newPage();
  await openBare(barePage, warm.session.threads, warm.session.contextTokens);
  const prompts = warm.results.map(({ prompt }) => prompt);
  await runBare(barePage, prompts.slice(0, 1), warm.sampling);

  for (let round = 0; round < ROUNDS; round++) {
    await appPage.bringToFront();
    const { results } = await runApp(appPage);
    const throughApp = {
      tokens: results.reduce((sum, { timing }) => sum + timing.answerTokens, 0),
      milliseconds: results.reduce((sum, { timing }) => sum + timing.totalMs, 0),
    };
    await barePage.bringToFront();
    const onBlank = await runBare(barePage, prompts, warm.sampling);
    const ratio = rate(throughApp) / rate(onBlank);
    rounds.push({
      app: rate(throughApp),
      bare: rate(onBlank),
      ratio,
      tokens: [throughApp.tokens, onBlank.tokens],
    });
    log(
      `round ${round + 1}: app ${rate(throughApp).toFixed(2)} tok/s, bare ${rate(onBlank).toFixed(2)} tok/s, ` +
        `ratio ${ratio.toFixed(3)}, tokens ${throughApp.tokens}/${onBlank.tokens}`,
    );
  }
  log(
    `threads ${warm.session.threads}, engine ${warm.session.engineVersion}, load average ${loadavg()[0].toFixed(2)}`,
  );
} finally {
  await browser.close();
  app.close();
  bare.close();
  rmSync(site, { recursive: true });
}
const median = rounds.map(({ ratio }) => ratio).sort((a, b) => a - b)[Math.floor(rounds.length / 2)];
console.log(JSON.stringify({ appVsBare: Number(median.toFixed(3)), rounds }));
