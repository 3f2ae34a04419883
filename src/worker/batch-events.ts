import type { WorkerEvent } from './protocol';

/** About one frame: the page redraws no faster. */
const FLUSH_MS = 16;

export interface EventBatch {
  readonly add: (event: WorkerEvent) => void;
  readonly flush: () => void;
}

/**
 * Collects events and hands them over once a frame, so that a fast model does not flood the page with messages.
 * Neighbouring tokens of a case become one event, and of neighbouring progress reports the last one counts.
 */
export function batchEvents(send: (events: readonly WorkerEvent[]) => void): EventBatch {
  let waiting: WorkerEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const events = waiting;
    waiting = [];
    send(events);
  };
  return {
    add(event) {
      const last = waiting.at(-1);
      if (last?.type === 'token' && event.type === 'token' && last.caseId === event.caseId) {
        waiting[waiting.length - 1] = {
          ...last,
          text: last.text + event.text,
          count: last.count + event.count,
        };
      } else if (last?.type === 'transfer' && event.type === 'transfer') {
        waiting[waiting.length - 1] = event;
      } else {
        waiting.push(event);
      }
      timer ??= setTimeout(flush, FLUSH_MS);
    },
    flush,
  };
}
