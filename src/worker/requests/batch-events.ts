import type { ChatWorkerEvent, SpeedEvent, WorkerEvent } from '../protocol';

/** While cores are free: fluent to read. */
export const FLUSH_MS = 80;
/**
 * While the engine's threads use every core: each message wakes the page, whose redraw takes a core from them. On two
 * cores eight redraws a second cost a tenth of the speed.
 */
export const SPARING_FLUSH_MS = 700;

export interface EventBatch<Event> {
  readonly add: (event: Event) => void;
  readonly flush: () => void;
}

/**
 * Collects events and hands them over together, so that a fast model does not flood the page with messages.
 * @param merge one event that says as much as two neighbours, if there is one
 * @param intervalMs asked whenever events begin to wait
 */
export function batchEvents<Event>(
  send: (events: readonly Event[]) => void,
  merge: (last: Event, next: Event) => Event | undefined,
  intervalMs: () => number = () => FLUSH_MS,
): EventBatch<Event> {
  let waiting: Event[] = [];
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
      const merged = last === undefined ? undefined : merge(last, event);
      if (merged === undefined) waiting.push(event);
      else waiting[waiting.length - 1] = merged;
      timer ??= setTimeout(flush, intervalMs());
    },
    flush,
  };
}

/** Neighbouring tokens of a case become one event, and of neighbouring progress reports the last one counts. */
export function mergeRunEvents(last: WorkerEvent, next: WorkerEvent): WorkerEvent | undefined {
  if (last.type === 'token' && next.type === 'token' && last.caseId === next.caseId) {
    return { ...last, text: last.text + next.text, count: last.count + next.count };
  }
  return last.type === 'transfer' && next.type === 'transfer' ? next : undefined;
}

export function mergeSpeedEvents(last: SpeedEvent, next: SpeedEvent): SpeedEvent | undefined {
  return last.type === 'transfer' && next.type === 'transfer' ? next : undefined;
}

export function mergeChatEvents(last: ChatWorkerEvent, next: ChatWorkerEvent): ChatWorkerEvent | undefined {
  if (last.type === 'token' && next.type === 'token') {
    return { ...last, text: last.text + next.text, count: last.count + next.count };
  }
  return last.type === 'transfer' && next.type === 'transfer' ? next : undefined;
}
