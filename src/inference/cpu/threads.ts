import { InferenceError } from '../errors';
import type { ThreadRepack, ThreadReply, ThreadRequest } from './thread.worker';

/** A worker with at most one request under way, except for the last one, `work`, which never answers. */
export interface ThreadHandle {
  readonly busy: boolean;
  repack(request: Omit<ThreadRepack, 'kind'>): Promise<number>;
  work(model: number, thread: number, sync: number): void;
  /** Ends the worker. */
  stop(): void;
}

/** Whether threads can share memory here: a page must be cross-origin isolated. */
export function canShareMemory(): boolean {
  return (
    typeof SharedArrayBuffer === 'function' &&
    typeof Worker === 'function' &&
    (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false
  );
}

/** Starts a worker on the shared memory; rejects with `engine` when it does not come up. */
export async function startThread(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  stackTop: number,
  onDeath: (error: InferenceError) => void,
): Promise<ThreadHandle> {
  const worker = new Worker(new URL('./thread.worker.ts', import.meta.url), { type: 'module', name: 'simd' });
  let settle: { resolve(value: number): void; reject(error: InferenceError): void } | undefined;
  const fail = (message: string) => {
    const error = new InferenceError('engine', `a thread of the engine died: ${message}`);
    settle?.reject(error);
    settle = undefined;
    onDeath(error);
  };
  worker.onerror = (event) => fail(event.message);
  worker.onmessageerror = () => fail('a message could not be read');
  worker.onmessage = ({ data }: MessageEvent<ThreadReply>) => {
    if (!data.ok) {
      fail(data.message);
      return;
    }
    const done = settle;
    settle = undefined;
    done?.resolve(data.value);
  };
  const ask = (request: ThreadRequest) =>
    new Promise<number>((resolve, reject) => {
      settle = { resolve, reject };
      worker.postMessage(request);
    });
  await ask({ kind: 'start', module, memory, stackTop });
  return {
    get busy() {
      return settle !== undefined;
    },
    repack: (request) => ask({ kind: 'repack', ...request }),
    work: (model, thread, sync) =>
      worker.postMessage({ kind: 'work', model, thread, sync } satisfies ThreadRequest),
    stop: () => worker.terminate(),
  };
}
