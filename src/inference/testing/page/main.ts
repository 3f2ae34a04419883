// The page side of the harness: passes calls to the worker, so that a test can `await call('open', {...})`.
const worker = new Worker(new URL('./harness.worker.ts', import.meta.url), { type: 'module' });
let next = 0;
const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
worker.onmessage = ({ data }) => {
  const { id, value, error } = data as { id: number; value?: unknown; error?: string };
  const call = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) call?.resolve(value);
  else call?.reject(new Error(error));
};
worker.onerror = (event) => console.error(event.message);

const call = (name: string, argument?: unknown) =>
  new Promise((resolve, reject) => {
    const id = next++;
    waiting.set(id, { resolve, reject });
    const file = (document.querySelector('#file') as HTMLInputElement).files?.[0];
    worker.postMessage({ id, name, argument, file });
  });
Object.assign(globalThis, { call });
