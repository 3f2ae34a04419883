// Builds the benchmark's page, serves it cross-origin isolated and opens it in Chromium.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { build } from 'vite';
import { findBrowser } from '../scripts/find-browser.mjs';
import { serveStatic } from '../scripts/serve-static.mjs';

const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const FLAGS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

async function buildPage(folder) {
  await build({
    root: fileURLToPath(new URL('./page', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    base: './',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, target: 'esnext', assetsInlineLimit: 0 },
  });
}

/**
 * A page with `window.bench`; `close` ends the browser and the server.
 * @param {readonly string[]} flags more of the browser's
 * @param {{ profile?: string }} [options] `profile`: a folder for a browser that keeps IndexedDB on the disk, as a
 *   person's does, and not in memory
 */
export async function openBenchPage(flags = [], { profile } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-page-'));
  await buildPage(folder);
  const server = await serveStatic(folder, 0, { headers: ISOLATED });
  const options = { executablePath: findBrowser(), args: [...FLAGS, ...flags] };
  const browser =
    profile === undefined
      ? await chromium.launch(options)
      : await chromium.launchPersistentContext(profile, options);
  const openPage = async () => {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error('page:', error.message));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForSelector('body[data-ready]', { state: 'attached' });
    return page;
  };
  const page = await openPage();
  return {
    page,
    /** Another tab of the same browser, with the same store. */
    openPage,
    version: profile === undefined ? browser.version() : browser.browser()?.version(),
    pick: (path) => page.setInputFiles('#file', path),
    async close() {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
