import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Result } from '../../domain/run/run';
import { FLUSH_MS, batchEvents, mergeRunEvents, mergeChatEvents, mergeSpeedEvents } from './batch-events';
import type { WorkerEvent } from '../protocol';

const token = (caseId: string, text: string): WorkerEvent => ({ type: 'token', caseId, text, count: 1 });
const transfer = (doneBytes: number): WorkerEvent => ({
  type: 'transfer',
  progress: { doneBytes, totalBytes: 100, receivedBytes: doneBytes },
});
const started = (caseId: string): WorkerEvent => ({ type: 'case-started', caseId, prompt: '?' });
const result: Result = {
  kind: 'failed',
  caseId: 'a',
  prompt: '?',
  answer: '',
  fault: { kind: 'engine', detail: 'gone' },
};
const finished: WorkerEvent = { type: 'case-finished', result };

function makeBatch() {
  const messages: (readonly WorkerEvent[])[] = [];
  return {
    messages,
    ...batchEvents((events: readonly WorkerEvent[]) => messages.push(events), mergeRunEvents),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('batchEvents', () => {
  it('sends nothing at once and everything after a frame, in one message', () => {
    const { add, messages } = makeBatch();
    add({ type: 'phase', phase: 'running' });
    add(started('a'));
    expect(messages).toEqual([]);
    vi.advanceTimersByTime(FLUSH_MS);
    expect(messages).toEqual([[{ type: 'phase', phase: 'running' }, started('a')]]);
  });

  it('asks how long to wait each time events begin to wait', () => {
    const sizes: number[] = [];
    let interval = 400;
    const { add } = batchEvents(
      (events: readonly WorkerEvent[]) => sizes.push(events.length),
      mergeRunEvents,
      () => interval,
    );
    add(started('a'));
    vi.advanceTimersByTime(399);
    expect(sizes).toEqual([]);
    interval = 10;
    vi.advanceTimersByTime(1);
    add(started('b'));
    vi.advanceTimersByTime(10);
    expect(sizes).toEqual([1, 1]);
  });

  it('makes one event of neighbouring tokens of a case, and counts them', () => {
    const { add, messages } = makeBatch();
    for (const text of ['The', ' cat', ' sat']) add(token('a', text));
    vi.advanceTimersByTime(FLUSH_MS);
    expect(messages).toEqual([[{ type: 'token', caseId: 'a', text: 'The cat sat', count: 3 }]]);
  });

  it('does not mix the tokens of two cases, nor move one past another event', () => {
    const { add, messages } = makeBatch();
    const events = [token('a', '1'), finished, started('b'), token('b', '2'), token('a', '3')];
    events.forEach(add);
    vi.advanceTimersByTime(FLUSH_MS);
    expect(messages).toEqual([events]);
  });

  it('of neighbouring progress reports keeps the last', () => {
    const { add, messages } = makeBatch();
    const phase: WorkerEvent = { type: 'phase', phase: 'downloading' };
    [transfer(1), transfer(2), phase, transfer(3), transfer(4)].forEach(add);
    vi.advanceTimersByTime(FLUSH_MS);
    expect(messages).toEqual([[transfer(2), phase, transfer(4)]]);
  });

  it('sends one message a frame while events keep coming', () => {
    const { add, messages } = makeBatch();
    for (let millisecond = 0; millisecond < 10 * FLUSH_MS; millisecond++) {
      add(token('a', 'x'));
      vi.advanceTimersByTime(1);
    }
    expect(messages).toHaveLength(10);
    const sent = messages.flat().map((event) => (event.type === 'token' ? event.count : 0));
    expect(sent.reduce((sum, count) => sum + count)).toBe(10 * FLUSH_MS);
  });

  it('does not change what it has already sent', () => {
    const { add, messages } = makeBatch();
    add(token('a', '1'));
    vi.advanceTimersByTime(FLUSH_MS);
    add(token('a', '2'));
    vi.advanceTimersByTime(FLUSH_MS);
    expect(messages).toEqual([[token('a', '1')], [token('a', '2')]]);
  });

  it('sends what is left when flushed, and not again afterwards', () => {
    const { add, flush, messages } = makeBatch();
    add(started('a'));
    flush();
    expect(messages).toEqual([[started('a')]]);
    flush();
    vi.advanceTimersByTime(1_000);
    expect(messages).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('starts a new frame after a flush', () => {
    const { add, flush, messages } = makeBatch();
    add(started('a'));
    vi.advanceTimersByTime(FLUSH_MS - 6);
    flush();
    add(started('b'));
    vi.advanceTimersByTime(FLUSH_MS - 6);
    expect(messages).toHaveLength(1);
    vi.advanceTimersByTime(6);
    expect(messages).toEqual([[started('a')], [started('b')]]);
  });
});

describe('mergeSpeedEvents', () => {
  it('keeps the last of neighbouring progress reports and leaves other events alone', () => {
    const at = (doneBytes: number) =>
      ({ type: 'transfer', progress: { doneBytes, totalBytes: 10, receivedBytes: doneBytes } }) as const;
    expect(mergeSpeedEvents(at(1), at(2))).toEqual(at(2));
    expect(mergeSpeedEvents(at(1), { type: 'phase', phase: 'loading' } as never)).toBeUndefined();
  });
});

describe('mergeChatEvents', () => {
  it('makes one event of neighbouring tokens and keeps the last of progress reports', () => {
    const says = (text: string, count = 1) => ({ type: 'token', text, count }) as const;
    const at = (doneBytes: number) =>
      ({ type: 'transfer', progress: { doneBytes, totalBytes: 10, receivedBytes: doneBytes } }) as const;
    expect(mergeChatEvents(says('a'), says('b', 2))).toEqual(says('ab', 3));
    expect(mergeChatEvents(at(1), at(2))).toEqual(at(2));
    expect(mergeChatEvents(says('a'), at(2))).toBeUndefined();
    expect(mergeChatEvents(at(1), { type: 'phase', phase: 'answering' })).toBeUndefined();
  });
});
