import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSandbox } from './sandbox';
import type { SandboxJob, SandboxMessage } from './sandbox-protocol';

/** A sandbox's worker that does what its jobs say: `hang` never ends, `junk` breaks the protocol. */
class FakeWorker extends EventTarget {
  readonly jobs: SandboxJob[] = [];
  terminated = false;

  constructor(isLocked: boolean) {
    super();
    setTimeout(() => {
      this.say({ type: 'ready', waysOut: isLocked ? [] : ['import'] });
    }, 10);
  }

  say(data: unknown): void {
    if (!this.terminated) this.dispatchEvent(new MessageEvent('message', { data }));
  }

  postMessage(job: SandboxJob): void {
    this.jobs.push(job);
    if (this.jobs.length === 1) this.#work();
  }

  terminate(): void {
    this.terminated = true;
  }

  #work(): void {
    const [job] = this.jobs;
    if (job === undefined) return;
    const order =
      job.kind === 'regex' || (job.kind === 'remove' && job.pattern === 'hang')
        ? job.pattern
        : job.kind === 'script'
          ? job.source
          : 'ok';
    if (order === 'hang') return;
    const done: SandboxMessage = { type: 'done', id: job.id, json: JSON.stringify(order) };
    const failed: SandboxMessage = { type: 'failed', id: job.id, code: 'threw', detail: 'oops' };
    setTimeout(() => {
      this.say(order === 'junk' ? { type: 'done' } : order === 'throw' ? failed : done);
      this.jobs.shift();
      this.#work();
    }, 5);
  }
}

function makeBench(isLocked = true) {
  const workers: FakeWorker[] = [];
  const sandbox = createSandbox(
    () => {
      const worker = new FakeWorker(isLocked);
      workers.push(worker);
      return worker as unknown as Worker;
    },
    { patternMs: 100, scriptMs: 300, startMs: 1_000, characters: 50 },
  );
  if (sandbox === undefined) throw new Error('no sandbox');
  return { workers, sandbox, live: () => workers.filter(({ terminated }) => !terminated).length };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the sandbox', () => {
  it('starts with the first job, and does jobs in their order', async () => {
    const { sandbox, workers } = makeBench();
    expect(workers).toHaveLength(0);
    const replies = Promise.all(['a', 'b', 'c'].map((pattern) => sandbox.runRegex(pattern, '', 'x')));
    await vi.runAllTimersAsync();
    expect(await replies).toEqual(['a', 'b', 'c'].map((value) => ({ ok: true, value })));
    expect(workers).toHaveLength(1);
  });

  it('ends what takes too long, about in its time, and does the rest', async () => {
    const { sandbox, workers, live } = makeBench();
    const hanging = sandbox.runRegex('hang', '', 'x');
    const next = sandbox.runRegex('next', '', 'x');
    let isOver = false;
    void hanging.then(() => (isOver = true));
    await vi.advanceTimersByTimeAsync(105);
    expect(isOver).toBe(false);
    await vi.advanceTimersByTimeAsync(45);
    expect(isOver).toBe(true);
    await vi.runAllTimersAsync();
    expect(await hanging).toEqual({ ok: false, code: 'timeout', detail: '100 ms' });
    expect(await next).toEqual({ ok: true, value: 'next' });
    expect(workers).toHaveLength(2);
    expect(live()).toBe(1);
  });

  it('does not try a fourth time what was stopped three times', async () => {
    const { sandbox, workers } = makeBench();
    const replies = Promise.all(Array.from({ length: 100 }, () => sandbox.runRegex('hang', '', 'x')));
    await vi.runAllTimersAsync();
    expect((await replies).every((reply) => !reply.ok && reply.code === 'timeout')).toBe(true);
    expect(workers).toHaveLength(3);
    const later = await sandbox.runRegex('hang', '', 'y');
    expect(later).toMatchObject({ ok: false, code: 'timeout' });
    expect(workers).toHaveLength(3);
  });

  it('keeps scripts and patterns apart', async () => {
    const { sandbox, workers } = makeBench();
    const script = sandbox.runScript('hang', 'x', {});
    const pattern = sandbox.runRegex('a', '', 'x');
    await vi.advanceTimersByTimeAsync(50);
    expect(await pattern).toEqual({ ok: true, value: 'a' });
    await vi.runAllTimersAsync();
    expect(await script).toMatchObject({ ok: false, code: 'timeout' });
    expect(workers).toHaveLength(2);
  });

  it('runs no script where it is not locked, but patterns', async () => {
    const { sandbox, workers } = makeBench(false);
    const script = sandbox.runScript('true', 'x', {});
    const pattern = sandbox.runRegex('a', '', 'x');
    await vi.runAllTimersAsync();
    expect(await script).toMatchObject({ ok: false, code: 'not-available' });
    expect(await pattern).toEqual({ ok: true, value: 'a' });
    expect(workers.flatMap(({ jobs }) => jobs).filter(({ kind }) => kind === 'script')).toEqual([]);
    const later = sandbox.runScript('true', 'x', {});
    await vi.runAllTimersAsync();
    expect(await later).toMatchObject({ ok: false, code: 'not-available' });
  });

  it('tells of what a script threw', async () => {
    const { sandbox } = makeBench();
    const reply = sandbox.runScript('throw', 'x', {});
    await vi.runAllTimersAsync();
    expect(await reply).toEqual({ ok: false, code: 'threw', detail: 'oops' });
  });

  it('takes only so much text', async () => {
    const { sandbox, workers } = makeBench();
    const tooLarge = { ok: false, code: 'too-large', detail: '' };
    expect(await sandbox.runRegex('a', '', 'x'.repeat(51))).toEqual(tooLarge);
    expect(await sandbox.runScript('a', 'x'.repeat(51), {})).toEqual(tooLarge);
    expect(await sandbox.matchSchema({}, ['x'.repeat(30), 'x'.repeat(30)])).toEqual(tooLarge);
    expect(workers).toHaveLength(0);
  });

  it('trusts no worker that breaks the protocol', async () => {
    const { sandbox, live } = makeBench();
    const replies = Promise.all([sandbox.runRegex('junk', '', 'x'), sandbox.runRegex('a', '', 'x')]);
    await vi.runAllTimersAsync();
    for (const reply of await replies) expect(reply).toMatchObject({ ok: false, code: 'not-available' });
    expect(live()).toBe(0);
  });

  it('finds and removes what patterns match where they can be ended', async () => {
    const { sandbox, workers } = makeBench();
    const found = sandbox.findMatch('a', 'v', 'banana', -1);
    const left = sandbox.removeMatches('a', 'v', 'banana');
    await vi.runAllTimersAsync();
    // A worker that gives something else than groups has found none.
    expect(await found).toEqual({ ok: true, value: null });
    expect(await left).toEqual({ ok: true, value: 'ok' });
    expect(workers).toHaveLength(1);
    const hanging = sandbox.removeMatches('hang', 'v', 'x');
    await vi.advanceTimersByTimeAsync(200);
    expect(await hanging).toMatchObject({ ok: false, code: 'timeout' });
    expect(await sandbox.findMatch('a', 'v', 'x'.repeat(51), 0)).toMatchObject({ code: 'too-large' });
  });

  it('takes no pattern for a verdict of another kind', async () => {
    const { sandbox } = makeBench();
    const reply = sandbox.matchSchema({}, ['1']);
    await vi.runAllTimersAsync();
    expect(await reply).toEqual({ ok: true, value: null });
  });

  it('gives up a worker that does not start or dies, and starts another for the next job', async () => {
    const { sandbox, workers } = makeBench();
    const first = sandbox.runRegex('a', '', 'x');
    workers[0]?.dispatchEvent(Object.assign(new Event('error'), { message: 'blocked' }));
    expect(await first).toEqual({ ok: false, code: 'not-available', detail: 'blocked' });
    const second = sandbox.runRegex('a', '', 'x');
    workers[1]?.terminate();
    await vi.runAllTimersAsync();
    expect(await second).toMatchObject({ ok: false, code: 'not-available' });
    const third = sandbox.runRegex('a', '', 'x');
    await vi.runAllTimersAsync();
    expect(await third).toEqual({ ok: true, value: 'a' });
  });

  it('ends what is under way when it is closed, and forgets', async () => {
    const { sandbox, live } = makeBench();
    const waiting = sandbox.runRegex('hang', '', 'x');
    await vi.advanceTimersByTimeAsync(20);
    sandbox.close();
    expect(await waiting).toMatchObject({ ok: false, code: 'not-available' });
    expect(live()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
