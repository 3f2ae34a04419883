// Log-likelihoods of multiple-choice items: our engine (and wllama, by forced tokens) in Chromium against native llama.cpp.
// Every choice of every item of public/sets/choice-en.json after its prompt, as the page scores them; native's sums come
// from its raw logits, log-softmax in 64-bit floats, tokens by native's own tokenizer.
// Usage: node bench/loglik.mjs [--types F16,Q8_0] [--items 50] [--wllama 5] [--threads 2] [--json]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openBenchPage } from './browser.mjs';
import { prepareSmallModel } from './models.mjs';
import { loadNativeModel, openNative, openNativeContext, tokenizeNative } from './native.mjs';

const { values: options } = parseArgs({
  options: {
    types: { type: 'string', default: 'F16,Q8_0' },
    items: { type: 'string', default: '50' },
    /** Items that wllama scores too: it is slow at this. */
    wllama: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
/** Where the two best choices of native lie closer than this, rounding decides. */
const NEAR_TIE = 0.05;
const CONTEXT = 512;
const threads = Number(options.threads);
const log = options.json ? () => undefined : console.log;

const { cases } = JSON.parse(readFileSync(new URL('../public/sets/choice-en.json', import.meta.url), 'utf8'));
const items = cases.slice(0, Number(options.items)).map(({ id, prompt, choices }) => ({
  id,
  prompt,
  continuations: choices.map((choice) => ` ${choice}`),
}));

function logProbability(logits, id) {
  let largest = -Infinity;
  for (const each of logits) if (each > largest) largest = each;
  let sum = 0;
  for (const each of logits) sum += Math.exp(each - largest);
  return logits[id] - largest - Math.log(sum);
}

async function scoreNatively(native, path) {
  const model = await loadNativeModel(native, path);
  const context = await openNativeContext(native, model, { contextTokens: CONTEXT, threads });
  const vocabulary = model.getVocabularySize?.() ?? 49_152;
  const all = [];
  for (const { prompt, continuations } of items) {
    const head = tokenizeNative(model, prompt, true);
    const sums = [];
    for (const continuation of continuations) {
      const whole = tokenizeNative(model, prompt + continuation, true);
      if (!head.every((id, at) => whole[at] === id)) throw new Error(`tokens of ${prompt} change`);
      context.reset();
      const wanted = whole.slice(head.length).map((_, at) => head.length + at - 1);
      const indexes = await context.decode(whole.slice(0, -1), wanted);
      let sum = 0;
      for (const [at, index] of indexes.entries())
        sum += logProbability(await context.logits(index, vocabulary), whole[head.length + at]);
      sums.push({ sum, tokens: whole.slice(head.length) });
    }
    all.push(sums);
  }
  await context.dispose();
  await model.dispose();
  return all;
}

async function scoreOnPage(page, engine, count) {
  const scores = [];
  for (const { prompt, continuations } of items.slice(0, count))
    scores.push(
      await page.evaluate(
        ([name, text, choices]) => window.bench[name].score(text, choices),
        [engine, prompt, continuations],
      ),
    );
  return scores;
}

const best = (sums) => sums.reduce((top, { sum }, at) => (sum > sums[top].sum ? at : top), 0);

function compare(ours, native) {
  let largestDifference = 0;
  let nearTies = 0;
  const disagreements = [];
  ours.forEach((sums, at) => {
    sums.forEach(({ sum, tokens }, choice) => {
      if (tokens && String(tokens) !== String(native[at][choice].tokens))
        throw new Error(`other tokens for ${items[at].id}`);
      largestDifference = Math.max(largestDifference, Math.abs(sum - native[at][choice].sum));
    });
    const [first, second] = native[at].map(({ sum }) => sum).sort((a, b) => b - a);
    const margin = first - second;
    if (margin < NEAR_TIE) nearTies++;
    if (best(sums) !== best(native[at])) disagreements.push({ id: items[at].id, margin });
  });
  return {
    items: ours.length,
    sameArgmax: ours.length - disagreements.length,
    nearTies,
    disagreements,
    largestDifference,
    holds: disagreements.every(({ margin }) => margin < NEAR_TIE),
  };
}

const report = {};
const native = await openNative();
const bench = await openBenchPage();
try {
  for (const type of options.types.split(',')) {
    const path = await prepareSmallModel(type);
    const expected = await scoreNatively(native, path);
    await bench.pick(path);
    await bench.page.evaluate((open) => window.bench.ours.open(open), { threads, contextTokens: CONTEXT });
    const start = performance.now();
    const ours = await scoreOnPage(bench.page, 'ours', items.length);
    const oursMs = performance.now() - start;
    await bench.page.evaluate(() => window.bench.ours.close());
    report[type] = { ours: { ...compare(ours, expected), msPerItem: oursMs / items.length } };
    const count = Math.min(items.length, Number(options.wllama));
    if (count > 0) {
      await bench.page.evaluate((open) => window.bench.theirs.open(open), {
        threads,
        contextTokens: CONTEXT,
      });
      const begin = performance.now();
      const theirs = await scoreOnPage(bench.page, 'theirs', count);
      report[type].wllama = { ...compare(theirs, expected), msPerItem: (performance.now() - begin) / count };
      await bench.page.evaluate(() => window.bench.theirs.close());
    }
    log(type, JSON.stringify(report[type], null, 1));
  }
} finally {
  await bench.close();
  await native.dispose();
}
if (options.json) console.log(JSON.stringify(report));
process.exitCode = Object.values(report).every(({ ours }) => ours.holds) ? 0 : 1;
