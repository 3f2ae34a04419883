// Measures the built site with Lighthouse, as CI does: performance, accessibility, best practices, layout shift, LCP.
// Usage: npm run lighthouse   after npm run build
// Lighthouse is fetched when it is asked for: nothing else here needs it, and it brings a hundred packages.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findBrowser } from './find-browser.mjs';
import { serveStatic } from './serve-static.mjs';

const VERSION = '13.5.0';
const root = join(import.meta.dirname, '..');

/** Scores in hundredths, at least; audits in their own units, at most. */
export const LIMITS = {
  scores: { performance: 95, accessibility: 100, 'best-practices': 100 },
  audits: { 'largest-contentful-paint': 1_500, 'cumulative-layout-shift': 0.05 },
};

/**
 * What of a report is beyond its limits, in words.
 * @param {{ categories: Record<string, { score: number | null }>, audits: Record<string, { numericValue?: number }> }} report
 * @returns {readonly string[]}
 */
export function findShortcomings({ categories, audits }) {
  return [
    ...Object.entries(LIMITS.scores).flatMap(([id, least]) => {
      const score = Math.round((categories[id]?.score ?? 0) * 100);
      return score < least ? [`${id}: ${score}, expected ${least} or more`] : [];
    }),
    ...Object.entries(LIMITS.audits).flatMap(([id, most]) => {
      const value = audits[id]?.numericValue ?? Infinity;
      return value > most ? [`${id}: ${value.toFixed(3)}, expected ${most} or less`] : [];
    }),
  ];
}

async function main() {
  const folder = join(root, 'reports');
  const path = join(folder, 'lighthouse.json');
  mkdirSync(folder, { recursive: true });
  const server = await serveStatic(join(root, 'dist'), 0);
  const url = `http://127.0.0.1:${server.address().port}/`;
  const args = ['--yes', `lighthouse@${VERSION}`, url, '--output=json', `--output-path=${path}`, '--quiet'];
  const flags = [
    '--preset=desktop',
    `--only-categories=${Object.keys(LIMITS.scores).join(',')}`,
    '--chrome-flags=--headless=new --no-sandbox',
  ];
  const chrome = findBrowser();
  const child = await run('npx', [...args, ...flags], {
    ...process.env,
    ...(chrome !== undefined && { CHROME_PATH: chrome }),
  });
  server.close();
  if (child !== 0) return child;
  const report = JSON.parse(readFileSync(path, 'utf8'));
  for (const id of Object.keys(LIMITS.scores))
    console.log(`${id}: ${Math.round(report.categories[id].score * 100)}`);
  for (const id of Object.keys(LIMITS.audits)) console.log(`${id}: ${report.audits[id].displayValue}`);
  const shortcomings = findShortcomings(report);
  for (const each of shortcomings) console.error(each);
  return shortcomings.length === 0 ? 0 : 1;
}

/** The server above answers meanwhile, so the process must not wait for the child. */
function run(command, args, env) {
  return new Promise((resolve) => {
    spawn(command, args, { cwd: root, env, stdio: 'inherit' }).on('exit', (code) => resolve(code ?? 1));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
