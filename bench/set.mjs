// The 24-case logic set end to end through the built app, from a warm cache: our engine against wllama, wall clock from
// pressing Run to the last mark, loading the model included.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findBrowser } from '../scripts/find-browser.mjs';
import { serveStatic } from '../scripts/serve-static.mjs';

const ROOT = join(import.meta.dirname, '..');
const SET_TIMEOUT_MS = 600_000;

async function choose(page, engine, maxTokens) {
  const settings = page.getByText('Settings', { exact: true });
  await settings.click();
  await page.locator(`#engine option[value="${engine}"]`).waitFor({ state: 'attached' });
  await page.getByLabel('Engine').selectOption(engine);
  await page.getByLabel('Answer length, tokens').fill(String(maxTokens));
  await page.getByLabel('Answer length, tokens').blur();
  await settings.click();
}

/** Seconds of wall clock for the whole set, or only for its first `cases` where given. */
async function runSet(page, url, engine, maxTokens, cases) {
  await page.goto(url);
  await page.waitForFunction(() => window.crossOriginIsolated);
  await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
  await choose(page, engine, maxTokens);
  const startedAt = performance.now();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  if (cases !== undefined) {
    await page
      .locator('main ol > li .mark .mark')
      .nth(cases - 1)
      .waitFor({ timeout: SET_TIMEOUT_MS });
    await page.getByRole('button', { name: 'Stop' }).click();
  }
  await page.getByRole('button', { name: 'Run again' }).waitFor({ timeout: SET_TIMEOUT_MS });
  const seconds = (performance.now() - startedAt) / 1000;
  const headline = await page.locator('.status .headline').innerText();
  // Back to the empty sheet, and so to a page that must load the model anew.
  await page.goto('about:blank');
  return { seconds, headline };
}

/** How many times faster the set runs on our engine, with answers of at most so many tokens on both. */
export async function measureSet(maxTokens, say) {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const server = await serveStatic(join(ROOT, 'dist'), 0);
  const url = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({
    executablePath: findBrowser(),
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
  });
  try {
    const page = await browser.newPage();
    // The first time fetches the weights and, for wllama, measures its threads.
    for (const engine of ['simd', 'wllama']) await runSet(page, url, engine, maxTokens, 1);
    const ours = await runSet(page, url, 'simd', maxTokens);
    const theirs = await runSet(page, url, 'wllama', maxTokens);
    say(
      `set of 24: ours ${ours.seconds.toFixed(1)} s (${ours.headline}), wllama ${theirs.seconds.toFixed(1)} s (${theirs.headline})`,
    );
    return Number((theirs.seconds / ours.seconds).toFixed(2));
  } finally {
    await browser.close();
    server.close();
  }
}
