// Builds the harness page as the app is built, and serves it cross-origin isolated with the fixtures and the bundled model.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'vite';
import { engineDefine, engineResolve } from '../../../scripts/engine-build.mjs';
import { serveStatic } from '../../../scripts/serve-static.mjs';

const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** @param {{ folders?: Record<string, string>, isolated?: boolean }} [options] `folders` are served below their names */
export async function serveEngines({ folders = {}, isolated = true } = {}) {
  const outDir = mkdtempSync(join(tmpdir(), 'engines-page-'));
  await build({
    configFile: false,
    logLevel: 'error',
    root: join(import.meta.dirname, 'page'),
    base: './',
    resolve: engineResolve,
    define: engineDefine,
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  });
  for (const [name, folder] of Object.entries(folders)) {
    mkdirSync(dirname(join(outDir, name)), { recursive: true });
    symlinkSync(folder, join(outDir, name));
  }
  /** @type {string[]} */
  const requests = [];
  const server = await serveStatic(outDir, 0, {
    headers: isolated ? ISOLATED : {},
    onRequest: (path) => void requests.push(path),
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    close() {
      server.close();
      server.closeAllConnections();
      rmSync(outDir, { recursive: true });
    },
  };
}
