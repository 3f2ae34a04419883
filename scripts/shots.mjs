// Draws every screen, narrow and wide, light and dark, in every language, into one contact sheet.
// Usage: npm run shots [-- SCREEN...] [--width=390] [--theme=dark] [--locale=ru]   after npm run build
// Writes reports/shots/<screen>-<width>-<theme>-<locale>.png, contact-sheet.html and contact-sheet.png.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findBrowser } from './find-browser.mjs';
import { serveStatic } from './serve-static.mjs';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'reports/shots');

const given = process.argv.slice(2);
/** @param {string} name @param {readonly string[]} all */
const pick = (name, all) => {
  const value = given.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3);
  return value === undefined ? all : [value];
};
const WIDTHS = pick('width', ['390', '1440']).map(Number);
const THEMES = pick('theme', ['light', 'dark']);
const LOCALES = pick('locale', ['en', 'ru']);
const wanted = given.filter((each) => !each.startsWith('--'));

/** Addresses, and what is done there before the picture. A run was made before. */
const SCREENS = {
  run: '#/',
  settings: { address: '#/', act: openSettings },
  running: { address: '#/', act: startRun, after: stopRun },
  done: { address: '#/', act: finishRun },
  chat: '#/chat',
  models: '#/models',
  'models-files': '#/models/files',
  'models-hub': '#/models/hub',
  'models-stored': '#/models/stored',
  sets: '#/sets',
  editor: '#/sets/new',
  results: '#/results',
  result: { address: '#/results', act: openFirstResult },
  speed: '#/speed',
  about: '#/about',
  shortcuts: { address: '#/', act: (page) => page.keyboard.press('?') },
  'bad-link': '#r=junk',
  nowhere: '#/nowhere',
};

/** @param {import('@playwright/test').Page} page */
async function openSettings(page) {
  await page.locator('form.card > details > summary').click();
}

async function startRun(page) {
  await page.locator('form.card button[type=submit]').click();
  await page.locator('main ol > li .mark .mark').nth(2).waitFor({ timeout: 240_000 });
}

async function stopRun(page) {
  const stop = page.locator('aside button').last();
  if (await stop.isVisible()) await stop.click();
  await page.locator('.status .steps').waitFor({ timeout: 240_000 });
}

async function finishRun(page) {
  await startRun(page);
  await stopRun(page);
}

async function openFirstResult(page) {
  await page.locator('main ul > li a').first().click();
  await page.locator('.status').waitFor();
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const server = await serveStatic(join(root, 'dist'), 0);
const url = `http://127.0.0.1:${server.address().port}/`;
const executablePath = findBrowser();
const browser = await chromium.launch({
  ...(executablePath !== undefined && { executablePath }),
  args: ['--no-sandbox'],
});
const shots = [];
try {
  // One visitor for all: the model is fetched once, and there is a result to show.
  const context = await browser.newContext({ locale: 'en-US', reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await openSettings(page);
  await page.locator('#maxTokens').fill('24');
  await page.locator('#maxTokens').blur();
  await openSettings(page);
  await finishRun(page);
  for (const width of WIDTHS) {
    for (const theme of THEMES) {
      for (const locale of LOCALES) {
        await page.setViewportSize({ width, height: 900 });
        await page.evaluate(
          ([wantedTheme, wantedLocale]) => {
            localStorage.setItem('theme', wantedTheme);
            localStorage.setItem('locale', wantedLocale);
          },
          [theme, locale],
        );
        for (const [name, screen] of Object.entries(SCREENS)) {
          if (wanted.length > 0 && !wanted.includes(name)) continue;
          const { address, act, after } = typeof screen === 'string' ? { address: screen } : screen;
          await page.goto('about:blank');
          await page.goto(url + address);
          await page.locator('h1').first().waitFor();
          await page.evaluate(() => document.fonts.ready);
          await act?.(page);
          await page.waitForTimeout(400);
          const file = `${name}-${width}-${theme}-${locale}.png`;
          await page.screenshot({ path: join(folder, file), animations: 'disabled' });
          shots.push({ file, width });
          console.log(file);
          await after?.(page);
        }
      }
    }
  }
  const figures = shots.map(
    ({ file, width }) =>
      `<figure><img src="${file}" style="width:${width > 600 ? 480 : 195}px"><figcaption>${file}</figcaption></figure>`,
  );
  const sheet = join(folder, 'contact-sheet.html');
  writeFileSync(
    sheet,
    `<!doctype html><meta charset="utf-8"><title>Shots</title><style>body{display:flex;flex-wrap:wrap;gap:12px;font:12px sans-serif;background:#888}figure{margin:0}img{display:block}</style>${figures.join('')}`,
  );
  const contact = await context.newPage();
  await contact.setViewportSize({ width: 2040, height: 1000 });
  await contact.goto(`file://${sheet}`);
  await contact.screenshot({ path: join(folder, 'contact-sheet.png'), fullPage: true });
} finally {
  await browser.close();
  server.close();
}
console.log(`${shots.length} pictures in reports/shots, all of them in contact-sheet.png`);
