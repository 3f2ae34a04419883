// The page side of the harness: a test calls `engines.open(...)` and so on, as if the worker were in the page.
import { wrap } from 'comlink';
import type { Harness } from './harness.worker';

const worker = new Worker(new URL('./harness.worker.ts', import.meta.url), { type: 'module' });
worker.onerror = (event) => console.error(event.message);
Object.assign(globalThis, { engines: wrap<Harness>(worker) });
