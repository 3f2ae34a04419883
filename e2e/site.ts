import { test as base, chromium, expect, type Page } from '@playwright/test';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveStatic } from '../scripts/serve-static.mjs';

/** The built site on a static host of its own, which tells what was asked of it. */
export interface Site {
  readonly url: string;
  /** Paths requested so far, by the page, its workers and its service worker. */
  readonly requests: string[];
  /** Delays every shard of a model by so many milliseconds. */
  delayShardsMs: number;
  /** The network goes down. */
  close(): Promise<void>;
}

async function startSite(): Promise<Site> {
  const requests: string[] = [];
  const server = await serveStatic(join(import.meta.dirname, '../dist'), 0, {
    onRequest: (path: string) => {
      requests.push(path);
      return path.endsWith('.bin') && site.delayShardsMs > 0
        ? new Promise((resolve) => setTimeout(resolve, site.delayShardsMs))
        : undefined;
    },
  });
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    url: `http://127.0.0.1:${port}/`,
    requests,
    delayShardsMs: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return site;
}

/** A first visit: a new browser, and a site of its own. */
export const test = base.extend<{ site: Site }>({
  // Playwright wants the first argument destructured, whether or not anything is taken from it.
  // eslint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.close();
  },
});

interface Visited {
  readonly site: Site;
  /** A browser's folder, left by one visit. */
  readonly profile: string;
}

/**
 * A second visit, for what does not test the first: the service worker is there, the bundled model is stored and its
 * settings for this device are measured. Each test has a copy of that browser's folder, so none sees what another did.
 */
export const visitedTest = base.extend<{ site: Site }, { visited: Visited }>({
  visited: [
    async ({ launchOptions }, use) => {
      const site = await startSite();
      const profile = mkdtempSync(join(tmpdir(), 'wizardbench-profile-'));
      const context = await chromium.launchPersistentContext(profile, { ...launchOptions, locale: 'en-US' });
      const page = await context.newPage();
      await openIsolated(page, site.url);
      // A chat loads the model as a run does, and leaves nothing behind.
      await page.getByRole('link', { name: 'Chat', exact: true }).click();
      await page.getByLabel('Your question').fill('Hello?');
      await page.getByLabel('Your question').press('Enter');
      await expect(page.getByRole('article').locator('.answer .text')).not.toHaveText('');
      await page.goto('about:blank');
      await context.close();
      await use({ site, profile });
      await site.close();
      rmSync(profile, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  site: async ({ visited: { site } }, use) => {
    site.requests.length = 0;
    site.delayShardsMs = 0;
    await use(site);
  },
  context: async ({ visited, launchOptions, locale, viewport }, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'wizardbench-visit-'));
    cpSync(visited.profile, folder, { recursive: true });
    const context = await chromium.launchPersistentContext(folder, {
      ...launchOptions,
      viewport,
      ...(locale !== undefined && { locale }),
    });
    await use(context);
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  },
});

export { expect };

export const WEIGHTS = /static-models\/.*\.bin$/;
/** Engine code and binaries; `engine.worker` itself is the app's own. */
export const ENGINE = /assets\/(engine-|thread\.worker|onnx\.worker|ort-)|\.wasm$/;

/** Opens the site and waits until its service worker has made the page cross-origin isolated. */
export async function openIsolated(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await expect(page.getByRole('button', { name: 'Run', exact: true })).toBeEnabled();
}

/** Short answers keep the tests short; the rest is as a visitor finds it. */
export async function shortenAnswers(page: Page, maxTokens = 12): Promise<void> {
  await page.getByText('Settings', { exact: true }).click();
  const field = page.getByLabel('Answer length, tokens');
  await field.fill(String(maxTokens));
  await field.blur();
  await page.getByText('Settings', { exact: true }).click();
}

export async function run(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run', exact: true }).click();
}

/** Rows that carry a mark. */
export function gradedRows(page: Page) {
  return page.locator('main ol > li').filter({ has: page.locator('.mark .mark') });
}

/** Waits for at least so many graded answers. */
export async function waitForGraded(page: Page, count: number): Promise<void> {
  await expect.poll(() => gradedRows(page).count(), { timeout: 240_000 }).toBeGreaterThanOrEqual(count);
}

/** Presses Stop, unless the run is over already. */
export async function stop(page: Page): Promise<void> {
  const over = page.getByRole('button', { name: 'Run again' });
  await page
    .getByRole('button', { name: 'Stop' })
    .click({ timeout: 5_000 })
    .catch(async (error: unknown) => {
      // A quick machine may have finished a short set meanwhile.
      if (!(await over.isVisible())) throw error;
    });
  await expect(over).toBeVisible();
}
