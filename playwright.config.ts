import { defineConfig } from '@playwright/test';
import { findBrowser } from './scripts/find-browser.mjs';

/*
 * The built site in a real Chromium with the real bundled model. One worker: llama.cpp's threads spin, and two runs on
 * one machine slow each other to a crawl. Each test
 * serves the site itself (e2e/site.ts), as a plain static host that sends no headers, like GitHub Pages.
 */
const executablePath = findBrowser();

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  fullyParallel: false,
  forbidOnly: process.env['CI'] !== undefined,
  // A browser on a busy, shared machine; scripts/count-tests.mjs names every test that needed it.
  retries: 1,
  // A case takes seconds on a slow machine; nothing here asserts speed.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: [['list'], ['json', { outputFile: 'reports/e2e.json' }]],
  use: {
    locale: 'en-US',
    launchOptions: {
      ...(executablePath !== undefined && { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
    screenshot: 'only-on-failure',
  },
});
