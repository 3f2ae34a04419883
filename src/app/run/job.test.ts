import { describe, expect, it } from 'vitest';
import { Job } from './job.svelte';

type Phase = 'checking' | 'working';

class Errand extends Job<Phase> {
  atMs = 0;
  signal: AbortSignal | undefined;
  finish: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;

  constructor() {
    super(() => this.atMs);
  }

  start(): Promise<void> {
    return this.perform('checking', (signal) => {
      this.signal = signal;
      return new Promise((resolve, reject) => {
        this.finish = resolve;
        this.fail = reject;
      });
    });
  }

  work(): void {
    this.enter('working');
  }

  receiveBytes(atMs: number, bytes: number): void {
    this.atMs = atMs;
    this.receive({ doneBytes: bytes, totalBytes: 1_000, receivedBytes: bytes });
  }
}

describe('Job', () => {
  it('is in its first phase from the start, in those it enters, and in none at its end', async () => {
    const errand = new Errand();
    expect([errand.busy, errand.phase]).toEqual([false, undefined]);
    const ended = errand.start();
    expect([errand.busy, errand.phase]).toEqual([true, 'checking']);
    errand.work();
    expect(errand.phase).toBe('working');
    errand.finish();
    await ended;
    expect([errand.busy, errand.phase]).toEqual([false, undefined]);
  });

  it('is free again after work that failed', async () => {
    const errand = new Errand();
    const ended = errand.start();
    errand.fail(new Error('broken'));
    await expect(ended).rejects.toThrow('broken');
    expect(errand.busy).toBe(false);
  });

  it('is stopping from the stop to the end of its work', async () => {
    const errand = new Errand();
    errand.stop();
    expect(errand.stopping).toBe(false);
    const ended = errand.start();
    errand.stop();
    expect([errand.stopping, errand.busy, errand.signal?.aborted]).toEqual([true, true, true]);
    errand.finish();
    await ended;
    expect(errand.stopping).toBe(false);
  });

  it('does one thing at a time', async () => {
    const errand = new Errand();
    const first = errand.start();
    const { signal } = errand;
    await errand.start();
    expect(errand.signal).toBe(signal);
    errand.finish();
    await first;
  });

  it('tells how fast a download goes, and forgets it at the end', async () => {
    const errand = new Errand();
    const ended = errand.start();
    errand.receiveBytes(0, 0);
    errand.receiveBytes(1_000, 250);
    expect(errand.transfer).toMatchObject({ doneBytes: 250, bytesPerSecond: 250, remainingSeconds: 3 });
    errand.finish();
    await ended;
    expect(errand.transfer).toBeUndefined();
    const next = errand.start();
    errand.receiveBytes(2_000, 300);
    expect(errand.transfer).not.toHaveProperty('bytesPerSecond');
    errand.finish();
    await next;
  });
});
