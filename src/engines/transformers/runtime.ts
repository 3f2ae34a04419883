import type { Token } from '../../domain/engine/engine';
import { FaultError, throwIfStopped, type Fault } from '../../domain/fault';
import type { OnnxReply, OnnxRequest, Opened, OpenRequest } from './protocol';

/** How long a model may take to notice a stop before it is ended by force, and opened again when next needed. */
const GRACE_MS = 500;

type Question = Exclude<OnnxRequest, { readonly type: 'interrupt' | 'open' }>;
type Answer = Exclude<OnnxReply, { readonly type: 'token' | 'fault' }>;

export interface Runtime {
  readonly opened: Opened;
  /** Yields tokens, if any come, and returns the answer. One at a time. @throws FaultError */
  ask(question: Question, signal: AbortSignal): AsyncGenerator<Token, Answer, void>;
  close(): void;
}

/** Opens a model in a worker; a worker that has to be ended is replaced when it is next asked. @throws FaultError */
export async function openRuntime(request: OpenRequest, signal: AbortSignal): Promise<Runtime> {
  let host: Host | undefined;
  let closed = false;
  const end = () => {
    host?.end();
    host = undefined;
  };

  async function start(stopSignal: AbortSignal): Promise<Opened> {
    const started = createHost();
    host = started;
    const stop = () => {
      started.abandon({ kind: 'stopped' });
    };
    stopSignal.addEventListener('abort', stop, { once: true });
    try {
      started.post(request);
      const reply = await started.next();
      if (reply.type === 'fault') throw new FaultError(reply.fault);
      if (reply.type !== 'opened') throw unexpected(reply);
      return reply;
    } catch (error) {
      end();
      throw error;
    } finally {
      stopSignal.removeEventListener('abort', stop);
    }
  }

  async function* ask(question: Question, stopSignal: AbortSignal): AsyncGenerator<Token, Answer, void> {
    throwIfStopped(stopSignal);
    if (closed) throw new FaultError({ kind: 'engine', detail: 'the session is closed' });
    if (host === undefined) await start(stopSignal);
    const asked = host;
    if (asked === undefined) throw new FaultError({ kind: 'engine', detail: 'the session is closed' });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      asked.post({ type: 'interrupt' });
      timer = setTimeout(() => {
        asked.abandon({ kind: 'stopped' });
      }, GRACE_MS);
    };
    stopSignal.addEventListener('abort', stop, { once: true });
    let sound = false;
    try {
      asked.post(question);
      for (;;) {
        const reply = await asked.next();
        if (reply.type === 'token') {
          if (!stopSignal.aborted) yield reply.token;
          continue;
        }
        // After any other fault the library cannot be trusted.
        sound = reply.type !== 'fault' || reply.fault.kind === 'stopped' || reply.fault.kind === 'bad-input';
        throwIfStopped(stopSignal);
        if (reply.type === 'fault') throw new FaultError(reply.fault);
        return reply;
      }
    } finally {
      clearTimeout(timer);
      stopSignal.removeEventListener('abort', stop);
      if (!sound) end();
    }
  }

  return {
    opened: await start(signal),
    ask,
    close() {
      closed = true;
      end();
    },
  };
}

export function unexpected(reply: OnnxReply): FaultError {
  return new FaultError({ kind: 'engine', detail: `unexpected reply: ${reply.type}` });
}

interface Host {
  post(request: OnnxRequest): void;
  /** @throws FaultError when the worker broke or was given up */
  next(): Promise<OnnxReply>;
  abandon(fault: Fault): void;
  end(): void;
}

function createHost(): Host {
  const worker = new Worker(new URL('./onnx.worker.ts', import.meta.url), { type: 'module' });
  let abandon: Host['abandon'] = () => undefined;
  const replies = new ReadableStream<OnnxReply>({
    start(controller) {
      abandon = (fault) => {
        controller.error(new FaultError(fault));
      };
      worker.onmessage = ({ data }: MessageEvent<OnnxReply>) => {
        controller.enqueue(data);
      };
      worker.onerror = ({ message }) => {
        abandon({ kind: 'engine', detail: message || 'the worker of ONNX Runtime could not be loaded' });
      };
    },
  }).getReader();
  return {
    post(request) {
      worker.postMessage(request);
    },
    async next() {
      const { value } = await replies.read();
      if (value === undefined) throw new FaultError({ kind: 'engine', detail: 'the worker has ended' });
      return value;
    },
    abandon,
    end() {
      worker.terminate();
      // Whoever still waits is told.
      abandon({ kind: 'stopped' });
    },
  };
}
