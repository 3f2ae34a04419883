import { expect, test as base, type Page } from '@playwright/test';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseModel } from '../src/domain/model/model';
import type { WorkerEvent } from '../src/worker/protocol';
import { findBrowser } from '../scripts/find-browser.mjs';
import { serveStatic } from '../scripts/serve-static.mjs';

/*
 * The engine worker and WebGPU, with Chromium's own software graphics device; on a machine with a real one, the tests
 * that compute on it run too.
 * A spy in front of the browser's WebGPU tells who asks for what, and can take the device away.
 */
const DIST = join(import.meta.dirname, '../dist');
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const MODEL = readFileSync(
  join(import.meta.dirname, '../static-models/catalog/smollm2-135m-instruct.json'),
  'utf8',
);
const COMLINK = readFileSync(createRequire(import.meta.url).resolve('comlink/dist/umd/comlink.js'), 'utf8');
const executablePath = findBrowser();

interface Order {
  readonly engineId?: string;
  readonly backend: 'auto' | 'wasm' | 'webgpu';
  readonly prompts: readonly string[];
  readonly maxTokens: number;
  /** Takes the graphics device away after so many tokens. */
  readonly loseAfter?: number;
}

interface Report {
  readonly end: unknown;
  readonly events: readonly WorkerEvent[];
  /** Calls of `requestAdapter` and `submit`, by worker. */
  readonly gpu: Readonly<Record<string, number>>;
}

/** Runs in each worker, before its own code. */
/* eslint-disable @typescript-eslint/unbound-method -- they are called with their own `this` */
function spyOnGpu(worker: string): void {
  const channel = new BroadcastChannel('gpu-spy');
  const { requestAdapter } = GPU.prototype;
  GPU.prototype.requestAdapter = function (...args) {
    channel.postMessage(`${worker} adapter`);
    return requestAdapter.apply(this, args);
  };
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    channel.addEventListener('message', ({ data }) => {
      if (data === 'lose') device.destroy();
    });
    return device;
  };
  const { submit } = GPUQueue.prototype;
  GPUQueue.prototype.submit = function (...args) {
    channel.postMessage(`${worker} submit`);
    submit.apply(this, args);
  };
}

/* eslint-enable @typescript-eslint/unbound-method */

/** In front of the engine worker: spies on it, and on the worker that wllama starts from a blob. */
const SPY = `
const spyOnGpu = ${spyOnGpu.toString()};
spyOnGpu('ours');
const PlainWorker = Worker;
globalThis.Worker = class extends PlainWorker {
  constructor(url, options) {
    const code = 'import ' + JSON.stringify(String(url)) + ';(' + spyOnGpu + ')("llama");';
    const spied = () => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    super(String(url).startsWith('blob:') ? spied() : url, options);
  }
};
`;

const test = base.extend<{ engine: (order: Order) => Promise<Report> }>({
  engine: async ({ page }, use) => {
    const server = await serveStatic(DIST, 0, { headers: ISOLATED });
    await page.route('**/assets/engine.worker-*.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: SPY + (await response.text()) });
    });
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => crossOriginIsolated);
    await page.evaluate(COMLINK);
    await use((order) => run(page, order));
    server.close();
    server.closeAllConnections();
  },
});
test.use({
  // What a service worker answers, no route sees; and the headers come from the server.
  serviceWorkers: 'block',
  launchOptions: {
    ...(executablePath !== undefined && { executablePath }),
    args: ['--no-sandbox', '--no-first-run', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  },
});

const [workerName = ''] = readdirSync(join(DIST, 'assets')).filter((name) =>
  name.startsWith('engine.worker'),
);

async function run(page: Page, order: Order): Promise<Report> {
  const plain = { source: '{{ messages[0].content }}', bosToken: '', eosToken: '', stop: [] };
  const model = parseModel(JSON.parse(MODEL));
  const request = {
    model: { ...model, template: { ...model.template, ...plain } },
    artifactId: model.artifacts[0]?.id,
    testSet: {
      id: 'set',
      title: 'Set',
      language: 'en',
      licence: 'CC0-1.0',
      cases: order.prompts.map((prompt, index) => ({
        id: `case-${index + 1}`,
        prompt,
        graders: [{ type: 'contains', value: 'x' }],
        tags: [],
      })),
    },
    sampling: { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: order.maxTokens },
    backend: order.backend,
    ...(order.engineId !== undefined && { engineId: order.engineId }),
  };
  return page.evaluate(
    async ([name, asked, loseAfter]) => {
      interface Comlink {
        wrap: (worker: Worker) => { run(request: unknown, listener: unknown): Promise<unknown> };
        proxy: (listener: (events: readonly WorkerEvent[]) => void) => unknown;
      }
      const { wrap, proxy } = (globalThis as unknown as { Comlink: Comlink }).Comlink;
      const channel = new BroadcastChannel('gpu-spy');
      const gpu: Record<string, number> = {};
      channel.onmessage = ({ data }) => {
        gpu[String(data)] = (gpu[String(data)] ?? 0) + 1;
      };
      const events: WorkerEvent[] = [];
      let tokens = 0;
      const worker = new Worker(`assets/${name}`, { type: 'module' });
      const listen = proxy((batch) => {
        for (const event of batch) {
          events.push(event);
          if (event.type !== 'token') continue;
          if (tokens < loseAfter && tokens + event.count >= loseAfter) channel.postMessage('lose');
          tokens += event.count;
        }
      });
      const modelsUrl = new URL('static-models/', location.href).href;
      try {
        const end = await wrap(worker).run({ ...asked, runId: crypto.randomUUID(), modelsUrl }, listen);
        return { end, events, gpu };
      } finally {
        worker.terminate();
        channel.close();
      }
    },
    [workerName, request, order.loseAfter ?? Infinity] as const,
  );
}

const openedWith = ({ events }: Report) =>
  events.flatMap((event) => (event.type === 'run-opened' ? [event.run.setup.session] : []))[0];
const answers = ({ events }: Report) =>
  events.flatMap((event) => (event.type === 'case-finished' ? [event.result.answer] : []));

const PROMPT = 'The capital of France is';

test('whoever asks for the CPU has the GPU left alone', async ({ engine }) => {
  for (const engineId of ['simd', 'wllama']) {
    const report = await engine({ engineId, backend: 'wasm', prompts: [PROMPT], maxTokens: 4 });
    expect(report.end).toEqual({ kind: 'finished' });
    expect(openedWith(report)).toMatchObject({ engineId, backend: 'wasm' });
    expect(report.gpu).toEqual({});
  }
});

/** llama.cpp's WebGPU needs 16-bit floats in shaders; Chromium's software device has none. */
const isUsable = (page: Page) =>
  page.evaluate(async () => (await navigator.gpu.requestAdapter())?.features.has('shader-f16') === true);

test('a graphics device that the engine cannot use is named, and the CPU takes over', async ({
  engine,
  page,
}) => {
  test.skip(await isUsable(page), 'it can use this one');
  const report = await engine({ backend: 'webgpu', prompts: [PROMPT], maxTokens: 4 });
  expect(report.end).toEqual({ kind: 'finished' });
  expect(openedWith(report)).toMatchObject({
    engineId: 'simd',
    backend: 'wasm',
    insteadOf: [{ engineId: 'wllama', backend: 'webgpu', code: 'unsupported' }],
  });
  // It was asked; nothing was computed on it.
  expect(report.gpu['llama adapter']).toBeGreaterThan(0);
  expect(report.gpu['llama submit']).toBeUndefined();
});

test('both CPU engines give the same greedy text', async ({ engine }) => {
  const [ours, theirs] = [
    await engine({ engineId: 'simd', backend: 'wasm', prompts: [PROMPT], maxTokens: 6 }),
    await engine({ engineId: 'wllama', backend: 'wasm', prompts: [PROMPT], maxTokens: 6 }),
  ];
  expect(answers(ours)).toEqual(answers(theirs));
  expect(answers(ours)[0]).toContain('Paris');
});

test('computes on the GPU what the CPU computes, after a self-test', async ({ engine, page }) => {
  test.skip(!(await isUsable(page)), 'the software device has no shader-f16');
  const onGpu = await engine({ backend: 'webgpu', prompts: [PROMPT], maxTokens: 6 });
  expect(onGpu.end).toEqual({ kind: 'finished' });
  expect(openedWith(onGpu)).toMatchObject({ engineId: 'wllama', backend: 'webgpu' });
  expect(openedWith(onGpu)).not.toHaveProperty('insteadOf');
  expect(onGpu.events).toContainEqual({ type: 'phase', phase: 'testing' });
  // Not a CPU that calls itself one.
  expect(onGpu.gpu['llama adapter']).toBeGreaterThan(0);
  expect(onGpu.gpu['llama submit']).toBeGreaterThan(6);
  for (const engineId of ['simd', 'wllama']) {
    const onCpu = await engine({ engineId, backend: 'wasm', prompts: [PROMPT], maxTokens: 6 });
    expect(answers(onCpu)).toEqual(answers(onGpu));
  }
});

test('a graphics device made of software is not chosen by itself', async ({ engine }) => {
  const report = await engine({ backend: 'auto', prompts: [PROMPT], maxTokens: 2 });
  expect(openedWith(report)).toMatchObject({ engineId: 'simd', backend: 'wasm' });
});

test('a device lost in the middle of an answer: the CPU does the same case', async ({ engine, page }) => {
  test.skip(!(await isUsable(page)), 'the software device has no shader-f16');
  const report = await engine({
    backend: 'webgpu',
    prompts: [PROMPT, 'Water boils at', 'The opposite of hot is'],
    maxTokens: 24,
    loseAfter: 27,
  });
  expect(report.end).toEqual({ kind: 'finished' });
  const switches = report.events.flatMap((event) => (event.type === 'engine-switched' ? [event.change] : []));
  expect(switches).toMatchObject([
    {
      caseId: 'case-2',
      from: { engineId: 'wllama', backend: 'webgpu' },
      to: { engineId: 'simd', backend: 'wasm' },
    },
  ]);
  test.info().annotations.push({ type: 'fault', description: JSON.stringify(switches[0]?.fault) });
  const results = report.events.flatMap((event) => (event.type === 'case-finished' ? [event.result] : []));
  expect(results.map(({ kind, caseId }) => `${kind} ${caseId}`)).toEqual([
    'graded case-1',
    'graded case-2',
    'graded case-3',
  ]);
});
