import { expect, test, type Page } from '@playwright/test';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveEngines } from '../src/engines/testing/browser.mjs';
import type { OpenCall } from '../src/engines/testing/page/harness.worker';
import { createStubLibrary } from '../src/engines/testing/stub-library.mjs';
import { callEngines, makeArtifact, SOFTWARE_GPU } from './engines';

/*
 * The real web-llm in a real browser, up to where it runs a model: compiled libraries are out of reach of a test. Its two
 * hosts are answered here, with a library that has the interface and nothing behind it, so that every opening ends in an
 * `engine` fault once the weights are loaded. What comes after is in src/engines/web-llm.test.ts.
 */
const REPO = 'own/tiny-MLC';
const LIBRARY = 'SmolLM2-135M-Instruct-q0f32-MLC';
const SHARDS = 24;
const SHARD_BYTES = 64 * 1024;
const NAMES = Array.from({ length: SHARDS }, (_, index) => `params_shard_${index}.bin`);

const artifact = makeArtifact('mlc', { quantization: 'q0f32', mlc: { library: LIBRARY, repo: REPO } });
const needsF16 = makeArtifact('mlc', { mlc: { library: 'SmolLM2-135M-Instruct-q0f16-MLC', repo: REPO } });

const config = Buffer.from(
  JSON.stringify({
    tokenizer_files: ['tokenizer.json'],
    vocab_size: 480,
    context_window_size: 512,
    sliding_window_size: -1,
    prefill_chunk_size: 512,
    attention_sink_size: -1,
    conv_template: { seps: [''], stop_str: [], stop_token_ids: [1], roles: {} },
  }),
);
const FILES: Readonly<Record<string, Buffer>> = {
  'mlc-chat-config.json': config,
  'tokenizer.json': readFileSync(
    join(import.meta.dirname, '../src/engines/testing/fixtures/tiny-llama/tokenizer.json'),
  ),
  'tensor-cache.json': Buffer.from(
    JSON.stringify({
      metadata: {},
      records: NAMES.map((dataPath) => ({ dataPath, format: 'raw-shard', nbytes: SHARD_BYTES, records: [] })),
    }),
  ),
  ...Object.fromEntries(NAMES.map((name) => [name, Buffer.alloc(SHARD_BYTES)])),
};
const library = Buffer.from(createStubLibrary());
const hashOf = (bytes: Buffer) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
const WRONG = hashOf(Buffer.from('something else'));

let served: Awaited<ReturnType<typeof serveEngines>> | undefined;

test.beforeAll(async () => {
  served = await serveEngines();
});
test.afterAll(() => {
  served?.close();
});
test.use({
  launchOptions: async ({ launchOptions }, use) => {
    await use({ ...launchOptions, args: [...(launchOptions.args ?? []), ...SOFTWARE_GPU] });
  },
});

/** Answers for both hosts. */
async function answerHosts(page: Page) {
  const hosts = {
    /** Names of the files asked for; libraries by their URL. */
    asked: [] as string[],
    delayShardsMs: 0,
    missing: '',
  };
  const headers = { 'Access-Control-Allow-Origin': '*' };
  await page.route(/^https:/, async (route) => {
    const url = route.request().url();
    const prefix = `https://huggingface.co/${REPO}/resolve/main/`;
    const name = url.startsWith(prefix) ? url.slice(prefix.length) : url;
    hosts.asked.push(name);
    const body = name.endsWith('.wasm') ? library : FILES[name];
    if (NAMES.includes(name)) await new Promise((resolve) => setTimeout(resolve, hosts.delayShardsMs));
    if (body === undefined || name === hosts.missing) await route.fulfill({ status: 404, headers });
    else await route.fulfill({ body, headers }).catch(() => undefined);
  });
  await page.goto(served?.url ?? '');
  return hosts;
}

const open = (page: Page, call: Partial<OpenCall> = {}) =>
  callEngines(page, 'open', {
    engineId: 'web-llm',
    artifact,
    files: [],
    options: { contextTokens: 256, threads: 1, backend: 'webgpu' },
    ...call,
  });

const LOADED = { fault: { kind: 'engine' } };

test('fetches what the row and the record name, tells how far it is, and fetches nothing twice', async ({
  page,
}) => {
  const hosts = await answerHosts(page);
  const opened = await open(page);
  expect(opened).toMatchObject(LOADED);
  const [first, compiled = '', ...rest] = hosts.asked;
  expect(first).toBe('mlc-chat-config.json');
  expect(compiled).toMatch(/^https:\/\/raw\.githubusercontent\.com\/.+SmolLM2-135M-Instruct-q0f32.*\.wasm$/);
  expect(rest.sort()).toEqual(['tokenizer.json', 'tensor-cache.json', ...NAMES].sort());

  const fetched = opened.progress.filter(({ doneBytes }) => doneBytes !== undefined);
  expect(fetched.length).toBe(SHARDS);
  expect(fetched.at(-1)).toMatchObject({ fraction: 1 });
  expect(opened.progress.every(({ fraction }) => fraction >= 0 && fraction <= 1)).toBe(true);

  hosts.asked.length = 0;
  expect(await open(page)).toMatchObject(LOADED);
  expect(hosts.asked).toEqual([]);
});

test('stops a download at once, and goes on where it was', async ({ page }) => {
  const hosts = await answerHosts(page);
  hosts.delayShardsMs = 400;
  const stopped = await open(page, { abortAfterMs: 1_700 });
  if (!('fault' in stopped)) throw new Error('it opened');
  expect(stopped.fault).toEqual({ kind: 'stopped' });
  await page.waitForTimeout(1_200);
  const asked = hosts.asked.filter((name) => NAMES.includes(name)).length;
  expect(asked).toBeLessThan(SHARDS);

  hosts.asked.length = 0;
  hosts.delayShardsMs = 0;
  expect(await open(page)).toMatchObject(LOADED);
  const again = hosts.asked.filter((name) => NAMES.includes(name)).length;
  // What was on its way, on four connections, is lost; what had come is not.
  expect(again).toBeLessThanOrEqual(SHARDS - asked + 4);
  expect(hosts.asked).not.toContain('mlc-chat-config.json');
});

test('refuses a file with the wrong hash, and does not keep it', async ({ page }) => {
  const hosts = await answerHosts(page);
  const wrongConfig = await open(page, { integrity: { config: WRONG } });
  expect(wrongConfig).toMatchObject({ fault: { kind: 'integrity', file: 'mlc-chat-config.json' } });
  const wrongLibrary = await open(page, { integrity: { config: hashOf(config), model_lib: WRONG } });
  expect(wrongLibrary).toMatchObject({ fault: { kind: 'integrity' } });
  if ('fault' in wrongLibrary && wrongLibrary.fault.kind === 'integrity')
    expect(wrongLibrary.fault.file).toMatch(/\.wasm$/);
  // Had the wrong ones been kept, neither would be asked for again.
  const right = { config: hashOf(config), model_lib: hashOf(library) };
  expect(await open(page, { integrity: right })).toMatchObject(LOADED);
  expect(hosts.asked.filter((name) => name === 'mlc-chat-config.json')).toHaveLength(2);
  expect(hosts.asked.filter((name) => name.endsWith('.wasm'))).toHaveLength(2);
});

test('names the file that the host does not have', async ({ page }) => {
  const hosts = await answerHosts(page);
  hosts.missing = 'params_shard_3.bin';
  expect(await open(page)).toMatchObject({
    fault: { kind: 'download', url: `https://huggingface.co/${REPO}/resolve/main/params_shard_3.bin` },
  });
});

test('asks for nothing when the graphics device cannot do what the library needs', async ({ page }) => {
  const hosts = await answerHosts(page);
  const refused = await open(page, { artifact: needsF16 });
  expect(refused).toMatchObject({ fault: { kind: 'unsupported' } });
  if ('fault' in refused && refused.fault.kind === 'unsupported')
    expect(refused.fault.detail).toContain('shader-f16');
  expect(hosts.asked).toEqual([]);
});
