// Builds the harness page with Vite, serves it cross-origin isolated together with model files (byte ranges),
// and opens it in Chromium. Used by the browser checks here, the benchmarks and e2e/simd.spec.ts.
import { chromium } from '@playwright/test';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { build } from 'vite';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** The page and files on a server of their own. @param {{ isolated?: boolean }} [options] */
export async function serveHarness({ isolated = true } = {}) {
  const outDir = mkdtempSync(join(tmpdir(), 'simd-page-'));
  await build({
    configFile: false,
    logLevel: 'warn',
    root: join(import.meta.dirname, 'page'),
    base: './/',
    worker: { format: 'es' },
    build: { outDir, target: 'es2023', emptyOutDir: true },
  });
  const files = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = files.get(pathname) ?? join(outDir, normalize(pathname === '/' ? '/index.html' : pathname));
    let size;
    try {
      ({ size } = statSync(path));
    } catch {
      response.writeHead(404).end();
      return;
    }
    const headers = {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      ...(isolated
        ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
        : {}),
    };
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [start, end] = range ? [Number(range[1]), Number(range[2])] : [0, size - 1];
    response.writeHead(range ? 206 : 200, {
      ...headers,
      'Content-Length': end - start + 1,
      ...(range ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
    });
    createReadStream(path, { start, end }).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    outDir,
    /** Serves a file of this machine; gives its URL on the page. @param {string} path */
    serve(path) {
      const name = `/models/${files.size}${extname(path)}`;
      files.set(name, path);
      return `http://127.0.0.1:${port}${name}`;
    },
    close() {
      server.close();
      server.closeAllConnections();
      rmSync(outDir, { recursive: true });
    },
  };
}

/** @param {{ isolated?: boolean, args?: string[], executablePath?: string }} [options] */
export async function openHarness({
  isolated = true,
  args = [],
  executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium',
} = {}) {
  const { url, outDir, serve, close } = await serveHarness({ isolated });
  const browser = await chromium.launch({
    executablePath,
    args: [
      ...[
        '--no-sandbox',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
      ...args,
    ],
  });
  const page = await browser.newPage();
  page.on('console', (message) => console.error('page:', message.text()));
  page.on('pageerror', (error) => console.error('page error:', error.message));
  await page.goto(url);
  return {
    page,
    outDir,
    serve,
    /** Picks a file as a person would: for files too large to pass over HTTP. @param {string} path */
    pick: (path) => page.setInputFiles('#file', path),
    /** @param {string} name @param {unknown} [argument] */
    call: (name, argument) => page.evaluate(([n, a]) => globalThis.call(n, a), [name, argument]),
    async close() {
      await browser.close();
      close();
    },
  };
}
