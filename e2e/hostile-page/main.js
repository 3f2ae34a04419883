// Passes calls to the worker: `await call('library', 1000)`.
import * as Comlink from 'comlink';

const worker = new Worker(new URL('./hostile.worker.js', import.meta.url), { type: 'module' });
const remote = Comlink.wrap(worker);
window.call = (name, ...args) => remote[name](...args);
document.body.dataset.ready = 'true';
