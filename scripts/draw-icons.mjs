// Draws the icons of the installed page from public/icon.svg: npm run icons
// Writes public/icon-192.png, icon-512.png, icon-maskable-512.png and apple-touch-icon.png.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { findBrowser } from './find-browser.mjs';

const folder = join(import.meta.dirname, '../public');
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8');
/** The corners are cut by whatever shape a device has, so the ground fills all of it. */
const square = svg.replace(/ rx="\d+"/, '');
/**
 * A maskable icon keeps what matters within the middle four fifths: https://www.w3.org/TR/appmanifest/#icon-masks
 * The drawing reaches nearly to the edge of its own square, so it is drawn smaller on the same ground.
 */
const maskable = square.replace('viewBox="0 0 64 64"', 'viewBox="-9 -9 82 82" style="background:#4a2fa3"');

const ICONS = [
  { name: 'icon-192.png', source: svg, size: 192 },
  { name: 'icon-512.png', source: svg, size: 512 },
  { name: 'icon-maskable-512.png', source: maskable, size: 512 },
  { name: 'apple-touch-icon.png', source: maskable, size: 180 },
];

const executablePath = findBrowser();
const browser = await chromium.launch({
  ...(executablePath !== undefined && { executablePath }),
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage();
  for (const { name, source, size } of ICONS) {
    await page.setViewportSize({ width: size, height: size });
    const sized = source.replace('<svg ', `<svg width="${size}" height="${size}" `);
    await page.setContent(`<style>body{margin:0}svg{display:block}</style>${sized}`);
    writeFileSync(join(folder, name), await page.screenshot({ omitBackground: true }));
    console.log(name);
  }
} finally {
  await browser.close();
}
