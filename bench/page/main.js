// The page of the benchmark: both engines on one page, driven by bench/run.mjs through `window.bench`.
import { Wllama } from '@wllama/wllama';
import wllamaWasm from '@wllama/wllama/esm/wasm/wllama.wasm?url';
import * as Comlink from 'comlink';
import { measureRoofline } from '../../src/inference/index.ts';
import { createForcedScorer } from '../../src/engines/wllama-score.ts';

const READ_BYTES = 16 * 1024 * 1024;

let worker;
let progress;
let engine;
let wllama;
let offloaded = false;
let scorer;

function pickedFile() {
  const file = document.querySelector('#file').files[0];
  if (!file) throw new Error('no file was picked');
  return file;
}

/** Milliseconds to read the file once, 16 MiB at a time. */
async function readOnce() {
  const file = pickedFile();
  const start = performance.now();
  for (let at = 0; at < file.size; at += READ_BYTES) await file.slice(at, at + READ_BYTES).arrayBuffer();
  return performance.now() - start;
}

function startEngine() {
  worker = new Worker(new URL('./engine.worker.js', import.meta.url), { type: 'module' });
  engine = Comlink.wrap(worker);
}

const ours = {
  async open(options) {
    startEngine();
    return engine.open(pickedFile(), options);
  },
  async download(url) {
    startEngine();
    return engine.download(
      url,
      Comlink.proxy((latest) => {
        progress = latest;
      }),
    );
  },
  progress: () => progress,
  openDownloaded: (options) => engine.openDownloaded(options),
  tokenize: (text) => engine.tokenize(text),
  generate: (ids, maxTokens) => engine.generate(ids, maxTokens),
  predictEach: (ids) => engine.predictEach(ids),
  answer: (prompt, maxTokens) => engine.answer(prompt, maxTokens),
  score: (prompt, continuations) => engine.score(prompt, continuations),
  async close() {
    await engine?.close();
    worker?.terminate();
    worker = engine = undefined;
  },
};

const theirs = {
  async open({ threads, contextTokens, gpuLayers = 0 }) {
    const start = performance.now();
    offloaded = false;
    const listen = (...lines) => {
      if (/offloaded [1-9]\d*\/\d+ layers to GPU/.test(lines.join(' '))) offloaded = true;
    };
    const logger = { ...console, debug: listen, log: listen };
    wllama = new Wllama({ default: wllamaWasm }, { suppressNativeLog: gpuLayers === 0, logger });
    await wllama.loadModel([pickedFile()], {
      n_ctx: contextTokens,
      n_threads: threads,
      n_gpu_layers: gpuLayers,
      n_parallel: 1,
    });
    return { loadMs: performance.now() - start, threads: wllama.getNumThreads() };
  },
  /** llama.cpp's own timings: without tokenization, and so to its advantage. */
  async generate(prompt, maxTokens) {
    const { timings } = await wllama.createCompletion({
      prompt,
      max_tokens: maxTokens,
      temperature: 0,
      cache_prompt: false,
      ignore_eos: true,
    });
    return {
      promptTokens: timings.prompt_n,
      cachedTokens: timings.cache_n,
      prefillMs: timings.prompt_ms,
      decodeMs: timings.predicted_ms,
      decodedTokens: timings.predicted_n,
    };
  },
  /**
   * Greedy text. Without tokens and their probabilities: wllama 3.8.1 dies when it is to tell of a token that is no whole
   * character.
   */
  async answer(prompt, maxTokens) {
    const { choices } = await wllama.createCompletion({
      prompt,
      max_tokens: maxTokens,
      temperature: 0,
      cache_prompt: false,
    });
    return choices[0].text;
  },
  /** Whether llama.cpp found a graphics device that it can use. */
  onGpu: () => offloaded,
  /** As the app scores: token by token, forced. */
  async score(prompt, continuations) {
    scorer ??= createForcedScorer(
      [{ name: 'model', blob: pickedFile() }],
      (request) => wllama.createCompletion(request),
      (error) => ({ kind: 'engine', detail: String(error) }),
    );
    const scores = await scorer(prompt, continuations, new AbortController().signal);
    return scores.map(({ logprobs }) => ({ sum: logprobs.reduce((total, each) => total + each, 0) }));
  },
  async close() {
    scorer = undefined;
    await wllama?.exit();
    wllama = undefined;
  },
};

window.bench = {
  ours,
  theirs,
  readOnce,
  roofline: (options) => measureRoofline(options),
  isolated: () => crossOriginIsolated,
  cores: () => navigator.hardwareConcurrency,
};
document.body.dataset.ready = 'true';
