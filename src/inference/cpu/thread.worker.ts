// One worker thread: repacks on request while the model loads, then computes until told to quit.
import { instantiate } from './binary';
import type { EngineExports } from './binary';
import { standIn, syncWords } from './stand-in';

export interface ThreadStart {
  readonly kind: 'start';
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly stackTop: number;
}
export interface ThreadRepack {
  readonly kind: 'repack';
  readonly frame: number;
  readonly source: number;
  readonly rows: number;
  readonly columns: number;
  readonly target: number;
  readonly shift: number;
}
export interface ThreadWork {
  readonly kind: 'work';
  readonly model: number;
  readonly thread: number;
  readonly sync: number;
}
export type ThreadRequest = ThreadStart | ThreadRepack | ThreadWork;
export type ThreadReply =
  { readonly ok: true; readonly value: number } | { readonly ok: false; readonly message: string };

let engine: EngineExports | undefined;
let memory: WebAssembly.Memory | undefined;

async function handle(request: ThreadRequest): Promise<number | undefined> {
  if (request.kind === 'start') {
    ({ memory } = request);
    engine = await instantiate(request.module, request.memory, request.stackTop);
    return 0;
  }
  if (!engine || !memory) throw new Error('not started');
  if (request.kind === 'work') {
    // Blocks this worker for the life of the model; ends by `quit`.
    try {
      engine.work(request.model, request.thread);
    } catch (error) {
      standIn(syncWords(memory, request.sync));
      throw error;
    }
    return undefined;
  }
  const { frame, source, rows, columns, target, shift } = request;
  return engine.repack(frame, source, rows, columns, target, shift);
}

self.onmessage = async ({ data }: MessageEvent<ThreadRequest>) => {
  let reply: ThreadReply | undefined;
  try {
    const value = await handle(data);
    if (value !== undefined) reply = { ok: true, value };
  } catch (error) {
    reply = { ok: false, message: String(error) };
  }
  if (reply) self.postMessage(reply);
};
