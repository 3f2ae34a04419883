import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createReadStream, cpSync, existsSync, statSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { VitePWA } from 'vite-plugin-pwa';
import { configDefaults, defineConfig, type Plugin } from 'vitest/config';
import { engineDefine, engineResolve } from './scripts/engine-build.mjs';

const root = import.meta.dirname;
const KERNEL_TESTS = 'src/inference/cpu/kernels.test.ts';
/** Each stage of `npm test` leaves one of its own, for scripts/count-tests.mjs. */
const REPORT = process.argv.includes('gpu') ? 'reports/gpu.json' : 'reports/unit.json';
const GPU_TESTS = 'src/inference/gpu/**/*.test.ts';

export default defineConfig(({ command, mode }) => ({
  // Relative URLs: the same files work at a host's root and under a project's sub-path.
  base: './',
  plugins: [
    svelte(),
    // Builds compile the messages by `npm run messages`: after compiling, the plugin holds the process for 30 s.
    command === 'serve' &&
      mode === 'development' &&
      paraglideVitePlugin({
        project: './project.inlang',
        outdir: './src/ui/messages',
        strategy: ['globalVariable', 'baseLocale'],
        emitTsDeclarations: true,
      }),
    serveStaticModels(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'service-worker.ts',
      injectRegister: false,
      injectManifest: {
        // The shell only: engines are cached when first used, weights are in IndexedDB.
        globPatterns: [
          'index.html',
          'assets/*.{js,css,woff2}',
          'sets/*.json',
          'sets/images/*.png',
          '*.svg',
          '*.png',
          'manifest.webmanifest',
        ],
        globIgnores: ['assets/engine-*', 'assets/{thread,onnx}.worker-*'],
      },
      manifest: {
        name: 'WizardBench',
        short_name: 'WizardBench',
        description:
          'Run a language model in your browser, test its logic, share the graded result as a link.',
        start_url: './',
        scope: './',
        display: 'standalone',
        background_color: '#f6f4ee',
        theme_color: '#f6f4ee',
        icons: [
          { src: 'icon-192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
          { src: 'icon-512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
          { src: 'icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: 'icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' },
        ],
      },
    }),
  ],
  resolve: engineResolve,
  // Found only inside workers: naming them spares the development server a reload in the middle of the first run.
  optimizeDeps: {
    include: ['@huggingface/transformers', '@mlc-ai/web-llm', '@wllama/wllama'],
  },
  define: engineDefine,
  // Threads need cross-origin isolation. `vite preview` sends no headers on purpose: like a static host, it leaves
  // that to the service worker, which the development server has none of.
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  // The default, iife, would inline every engine into the worker.
  worker: {
    format: 'es',
    // Named apart, so that the service worker can leave engines out of what it stores ahead of use.
    rolldownOptions: { output: { chunkFileNames: 'assets/engine-[name]-[hash].js' } },
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'node',
    // Every core: the default leaves one of two idle.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.mjs', 'bench/*.test.mjs'],
          exclude: [...configDefaults.exclude, KERNEL_TESTS, GPU_TESTS],
          pool: 'threads',
          isolate: false,
        },
      },
      // It turns on a feature of V8 for the whole process, so it has one of its own.
      { extends: true, test: { name: 'kernels', include: [KERNEL_TESTS], pool: 'forks' } },
      // They load a graphics driver into their process, and its threads take every core.
      {
        extends: true,
        test: {
          name: 'gpu',
          include: [GPU_TESTS],
          pool: 'forks',
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    // Ends what hangs, and nothing else: the usual five seconds are a limit that a busy machine can miss.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', ['json', { outputFile: REPORT }]],
  },
}));

/** `static-models/` as it lies in the repository: served by the development server, copied into the built site. */
function serveStaticModels(): Plugin {
  const folder = join(root, 'static-models');
  const catalog = join(folder, 'catalog');
  let outDir = 'dist';
  return {
    name: 'static-models',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    configureServer(server) {
      server.middlewares.use('/static-models', (request, response, next) => {
        const path = join(folder, normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/')));
        // Catalog rows are modules of the app, which Vite itself serves.
        const isModel = path.startsWith(folder) && !path.startsWith(catalog);
        if (!isModel || !existsSync(path) || !statSync(path).isFile()) {
          next();
          return;
        }
        const type = path.endsWith('.json') ? 'application/json' : 'application/octet-stream';
        response.writeHead(200, { 'Content-Type': type, 'Content-Length': statSync(path).size });
        createReadStream(path).pipe(response);
      });
    },
    writeBundle() {
      cpSync(folder, join(root, outDir, 'static-models'), {
        recursive: true,
        // Catalog rows are compiled into the app.
        filter: (path) => !path.startsWith(catalog),
      });
    },
  };
}
