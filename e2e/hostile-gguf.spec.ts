import { expect, test, type Page } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';
import { engineDefine, engineResolve } from '../scripts/engine-build.mjs';
import { serveStatic } from '../scripts/serve-static.mjs';

/*
 * Damaged and hostile GGUF files (src/inference/testing/hostile-gguf.mjs) in a real browser: our engine's library opens all of
 * them, the engines of the app a sample. Each is refused with words or opens; the page lives and a good file still runs.
 */
interface Outcome {
  readonly kind: string;
  readonly mustFail: boolean;
  readonly outcome: string;
}

let folder: string;
let server: Server;

test.beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-page-'));
  await build({
    root: join(import.meta.dirname, 'hostile-page'),
    configFile: false,
    logLevel: 'error',
    base: './',
    worker: { format: 'es' },
    resolve: engineResolve,
    define: engineDefine,
    build: { outDir: folder, emptyOutDir: true, target: 'esnext', assetsInlineLimit: 0 },
  });
  server = await serveStatic(folder, 0, {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  });
});
test.afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (page: Page, name: string, ...args: unknown[]): Promise<unknown> =>
  page.evaluate(
    ([command, ...rest]) =>
      (globalThis as unknown as { call(...all: unknown[]): Promise<unknown> }).call(command, ...rest),
    [name, ...args],
  );

async function openPage(page: Page): Promise<string[]> {
  const crashes: string[] = [];
  page.on('crash', () => crashes.push('the page crashed'));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForSelector('body[data-ready]', { state: 'attached', timeout: 30_000 });
  return crashes;
}

function checkOutcomes(outcomes: readonly Outcome[]): void {
  const wrong = outcomes.filter(({ mustFail, outcome }) =>
    outcome === 'opened' ? mustFail : !/^(bad-file|bad-input|unsupported|out-of-memory): ./.test(outcome),
  );
  expect(wrong).toEqual([]);
  expect(outcomes.filter(({ outcome }) => outcome !== 'opened').length).toBeGreaterThan(outcomes.length / 2);
}

test('1,000 hostile files and our engine', async ({ page }) => {
  const crashes = await openPage(page);
  const outcomes = (await call(page, 'library', 1000)) as Outcome[];
  expect(outcomes).toHaveLength(1000);
  checkOutcomes(outcomes);
  checkOutcomes((await call(page, 'engine', 'simd', 160, 0)) as Outcome[]);
  expect(await call(page, 'openGood', 'simd')).toBe('simd');
  expect(crashes).toEqual([]);
});

test('hostile files and llama.cpp', async ({ page }) => {
  const crashes = await openPage(page);
  // Every sixth of 16 kinds in turn: all of them come by.
  const outcomes = (await call(page, 'engine', 'wllama', 480, 6)) as Outcome[];
  expect(new Set(outcomes.map(({ kind }) => kind)).size).toBe(16);
  // What the header check lets pass, llama.cpp judges: a refusal of its own is `unsupported`, in its words.
  checkOutcomes(outcomes);
  expect(outcomes.map(({ outcome }) => outcome).join('\n')).toContain(
    'key not found in model: qwen3.context_length',
  );
  expect(await call(page, 'openGood', 'wllama')).toBe('wllama');
  expect(crashes).toEqual([]);
});
