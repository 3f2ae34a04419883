// A plain static host, as GitHub Pages is one: no extra headers, no fallback page, the site under a sub-path too.
// Usage: node scripts/serve-static.mjs [PORT] [FOLDER]   (also used by the browser tests and the benchmarks)
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/**
 * Serves `folder` at `/` and again below `/wizardbench/`; resolves to the server when it listens on 127.0.0.1.
 * @param {string} folder
 * @param {number} port 0 for any free one
 * @param {{ headers?: Record<string, string>, onRequest?: (path: string) => unknown }} [options]
 *   `onRequest` sees every path, and a promise of its delays the answer
 * @returns {Promise<import('node:http').Server>}
 */
export function serveStatic(folder, port, { headers = {}, onRequest } = {}) {
  const root = normalize(folder);
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(url.pathname).replace(/^\/wizardbench\//, '/');
    await onRequest?.(path);
    const file = normalize(join(root, path.endsWith('/') ? `${path}index.html` : path));
    const stats = file.startsWith(root + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined;
    if (!stats?.isFile()) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not found');
      return;
    }
    response.writeHead(200, {
      'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Length': stats.size,
      ...headers,
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port = '4173', folder = fileURLToPath(new URL('../dist', import.meta.url))] = process.argv.slice(2);
  await serveStatic(folder, Number(port));
  console.log(`http://127.0.0.1:${port}/`);
}
