import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FaultError } from '../domain/fault';
import { DEFAULT_SAMPLING, type RunEnd } from '../domain/run/run';
import { createEngineClient } from './client';
import type { EngineSummary, EngineWorkerApi, GradedAnswer, RunRequest, WorkerEvent } from './protocol';
import { FakeWorker } from './testing/fake-worker';

/** A person who presses Stop waits no longer, and a worker in good health needs less than the lower bound. */
const STOP_WITHIN_MS = 1_000;
const GRACE_AT_LEAST_MS = 100;

const request: RunRequest = {
  runId: 'run-1',
  artifactId: 'artifact',
  modelsUrl: 'https://x.example/static-models/',
  sampling: DEFAULT_SAMPLING,
  model: {
    id: 'model',
    name: 'Model',
    family: 'Family',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    bundled: true,
    turns: 'many',
    vision: false,
    template: { kind: 'jinja', source: '{{ messages }}', bosToken: '', eosToken: '', stop: [] },
    artifacts: [],
  },
  testSet: {
    id: 'set',
    title: 'Set',
    language: 'en',
    licence: 'CC0-1.0',
    cases: [{ id: 'a', prompt: '?', graders: [{ type: 'equals', value: 'x' }], tags: [] }],
  },
};

const engines: readonly EngineSummary[] = [
  { id: 'simd', label: 'SIMD', formats: ['gguf'], backends: ['wasm'] },
];

const gradeOf = (type: string): GradedAnswer['grade'] => ({
  status: 'not-run',
  score: 0,
  outcomes: [{ type, verdict: { notRun: { code: 'unknown-grader', expected: type } } }],
});

type Listener = (events: readonly WorkerEvent[]) => unknown;

/** One run as the worker's side sees it; the test decides how it goes on. */
interface Call {
  readonly request: RunRequest;
  readonly emit: Listener;
  readonly end: (end: RunEnd) => void;
  readonly fail: (error: unknown) => void;
}

function makeBench(
  onStop: (call: Call | undefined) => void = () => undefined,
  isMute: () => boolean = () => false,
) {
  const workers: FakeWorker[] = [];
  const stops: number[] = [];
  let waiting: ((call: Call) => void)[] = [];
  const startWorker = (): FakeWorker => {
    let call: Call | undefined;
    const worker = new FakeWorker<EngineWorkerApi>({
      // comlink waits for what is promised.
      listEngines: () => (isMute() ? (new Promise(() => undefined) as never) : engines),
      chat: () => Promise.reject(new Error('not asked for here')),
      measureSpeed: () => Promise.reject(new Error('not asked for here')),
      gradeAnswers: ({ answers }) =>
        new Promise((resolve) => {
          // One who is never heard of again.
          if (answers.length > 0) resolve(answers.map(({ caseId }) => ({ caseId, grade: gradeOf(caseId) })));
        }),
      recalibrate: () => Promise.reject(new Error('not asked for here')),
      probeDevice: () => Promise.reject(new Error('not asked for here')),
      run: (asked, emit) =>
        new Promise<RunEnd>((end, fail) => {
          call = { request: asked, emit, end, fail };
          for (const tell of waiting) tell(call);
          waiting = [];
        }),
      stop: () => {
        stops.push(workers.indexOf(worker));
        onStop(call);
      },
    });
    workers.push(worker);
    return worker;
  };
  const client = createEngineClient(startWorker);
  const received: WorkerEvent[] = [];
  return {
    workers,
    stops,
    received,
    client,
    /** Starts a run and waits until it has arrived at the worker. */
    async start(abort = new AbortController()) {
      const arrived = new Promise<Call>((resolve) => waiting.push(resolve));
      const ended = client.run(request, (events) => received.push(...events), abort.signal);
      // What a run throws is looked at when the test comes to it.
      ended.catch(() => undefined);
      return { abort, ended, call: await arrived };
    },
  };
}

const phase: WorkerEvent = { type: 'phase', phase: 'running' };
const started: WorkerEvent = { type: 'case-started', caseId: 'a', prompt: '?' };
const token: WorkerEvent = { type: 'token', caseId: 'a', text: 'x', count: 1 };

/** Only the clock of the page is held; messages arrive as they do. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Long enough for messages that were sent to arrive. */
async function letMessagesArrive(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a run', () => {
  it('brings the request to the worker, its events to the page in order, and its end', async () => {
    const bench = makeBench();
    const { call, ended } = await bench.start();
    expect(call.request).toEqual(request);
    await call.emit([phase, started]);
    await call.emit([token]);
    expect(bench.received).toEqual([phase, started, token]);
    call.end({ kind: 'finished' });
    expect(await ended).toEqual({ kind: 'finished' });
    bench.workers[0]?.terminate();
  });

  it('starts no worker before it is needed and keeps it for the next run', async () => {
    const bench = makeBench();
    expect(bench.workers).toHaveLength(0);
    const first = await bench.start();
    first.call.end({ kind: 'finished' });
    await first.ended;
    const second = await bench.start();
    second.call.end({ kind: 'failed', fault: { kind: 'engine', detail: 'gone' } });
    expect(await second.ended).toEqual({ kind: 'failed', fault: { kind: 'engine', detail: 'gone' } });
    expect(bench.workers).toHaveLength(1);
    bench.workers[0]?.terminate();
  });

  it('throws the fault that kept it from starting, and keeps the worker', async () => {
    const bench = makeBench();
    const { call, ended } = await bench.start();
    const fault = { kind: 'quota', neededBytes: 98_362_432, freeBytes: 7 } as const;
    call.fail(new FaultError(fault));
    await expect(ended).rejects.toMatchObject({ name: 'FaultError', fault });
    expect(bench.workers[0]?.terminated).toBe(false);
    bench.workers[0]?.terminate();
  });

  it('calls any other error of the worker a fault of the engine', async () => {
    const bench = makeBench();
    const { call, ended } = await bench.start();
    call.fail(new RangeError('too deep'));
    await expect(ended).rejects.toMatchObject({ fault: { kind: 'engine', detail: 'too deep' } });
    bench.workers[0]?.terminate();
  });
});

describe('listEngines', () => {
  it('asks the worker, which the next run uses too', async () => {
    const bench = makeBench();
    expect(await bench.client.listEngines()).toEqual(engines);
    const { call, ended } = await bench.start();
    call.end({ kind: 'finished' });
    expect(await ended).toEqual({ kind: 'finished' });
    expect(bench.workers).toHaveLength(1);
    bench.workers[0]?.terminate();
  });

  it('fails when the worker dies before it has answered, and the next worker is asked anew', async () => {
    let mute = true;
    const bench = makeBench(undefined, () => mute);
    const listed = bench.client.listEngines();
    await letMessagesArrive();
    bench.workers[0]?.fail('gone');
    await expect(listed).rejects.toMatchObject({ fault: { kind: 'engine' } });
    mute = false;
    expect(await bench.client.listEngines()).toEqual(engines);
    bench.workers[1]?.terminate();
  });

  it('fails when a stop ends the worker before it has answered', async () => {
    const bench = makeBench(undefined, () => true);
    const { abort, ended } = await bench.start();
    const listed = bench.client.listEngines();
    listed.catch(() => undefined);
    abort.abort();
    await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS);
    expect(await ended).toEqual({ kind: 'stopped' });
    await expect(listed).rejects.toMatchObject({ fault: { kind: 'engine' } });
  });
});

describe('a stop', () => {
  it('lets a worker that obeys end the run by itself, and keeps it', async () => {
    const bench = makeBench((call) => call?.end({ kind: 'stopped' }));
    const { abort, ended } = await bench.start();
    abort.abort();
    expect(await ended).toEqual({ kind: 'stopped' });
    expect(bench.stops).toEqual([0]);
    await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS * 10);
    expect(bench.workers[0]?.terminated).toBe(false);

    const next = await bench.start();
    next.call.end({ kind: 'finished' });
    expect(await next.ended).toEqual({ kind: 'finished' });
    expect(bench.workers).toHaveLength(1);
    bench.workers[0]?.terminate();
  });

  it('is no fault when the worker throws it, as it does while a model arrives', async () => {
    const bench = makeBench((call) => call?.fail(new FaultError({ kind: 'stopped' })));
    const { abort, ended } = await bench.start();
    abort.abort();
    expect(await ended).toEqual({ kind: 'stopped' });
    bench.workers[0]?.terminate();
  });

  it('ends a worker that does not answer, but not before it had its time', async () => {
    const bench = makeBench();
    const { abort, ended } = await bench.start();
    const outcomes: RunEnd[] = [];
    void ended.then((end) => outcomes.push(end));
    abort.abort();
    await vi.advanceTimersByTimeAsync(GRACE_AT_LEAST_MS);
    await letMessagesArrive();
    expect(bench.workers[0]?.terminated).toBe(false);
    expect(outcomes).toEqual([]);
    await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS - GRACE_AT_LEAST_MS - 1);
    expect(bench.workers[0]?.terminated).toBe(true);
    expect(await ended).toEqual({ kind: 'stopped' });
  });

  it('leaves room for the next run, in a new worker', async () => {
    const bench = makeBench();
    const first = await bench.start();
    first.abort.abort();
    await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS);
    await first.ended;
    const second = await bench.start();
    expect(bench.workers).toHaveLength(2);
    await second.call.emit([phase]);
    second.call.end({ kind: 'finished' });
    expect(await second.ended).toEqual({ kind: 'finished' });
    expect(bench.received).toEqual([phase]);
    bench.workers[1]?.terminate();
  });

  it('keeps later tokens from the page', async () => {
    const bench = makeBench();
    const { abort, call, ended } = await bench.start();
    await call.emit([started]);
    abort.abort();
    await call.emit([token]);
    expect(bench.received).toEqual([started]);
    call.end({ kind: 'stopped' });
    await ended;
    bench.workers[0]?.terminate();
  });

  it('before the run starts never asks the worker', async () => {
    const bench = makeBench();
    const abort = new AbortController();
    abort.abort();
    expect(await bench.client.run(request, () => undefined, abort.signal)).toEqual({ kind: 'stopped' });
    await letMessagesArrive();
    expect(bench.stops).toEqual([]);
    bench.workers[0]?.terminate();
  });

  it('after the end of a run does nothing', async () => {
    const bench = makeBench();
    const { abort, call, ended } = await bench.start();
    call.end({ kind: 'finished' });
    await ended;
    abort.abort();
    await vi.advanceTimersByTimeAsync(STOP_WITHIN_MS);
    await letMessagesArrive();
    expect(bench.stops).toEqual([]);
    expect(bench.workers[0]?.terminated).toBe(false);
    bench.workers[0]?.terminate();
  });
});

describe('a worker that dies', () => {
  it.each([
    ['Uncaught RuntimeError: unreachable', 'Uncaught RuntimeError: unreachable'],
    // A script that cannot be loaded gives an event without a message.
    ['', 'the worker could not start'],
  ])('with the message %j ends the run with a fault', async (message, detail) => {
    const bench = makeBench();
    const { ended } = await bench.start();
    bench.workers[0]?.fail(message);
    await expect(ended).rejects.toMatchObject({ name: 'FaultError', fault: { kind: 'engine', detail } });
    expect(bench.workers[0]?.terminated).toBe(true);
  });

  it('is replaced also when it dies between runs', async () => {
    const bench = makeBench();
    await bench.client.listEngines();
    bench.workers[0]?.fail('');
    expect(bench.workers[0]?.terminated).toBe(true);
    const { call, ended } = await bench.start();
    call.end({ kind: 'finished' });
    expect(await ended).toEqual({ kind: 'finished' });
    expect(bench.workers).toHaveLength(2);
    bench.workers[1]?.terminate();
  });

  it('is replaced for the next run', async () => {
    const bench = makeBench();
    const first = await bench.start();
    bench.workers[0]?.fail('gone');
    await expect(first.ended).rejects.toThrow(FaultError);
    const second = await bench.start();
    second.call.end({ kind: 'finished' });
    expect(await second.ended).toEqual({ kind: 'finished' });
    expect(bench.workers).toHaveLength(2);
    bench.workers[1]?.terminate();
  });
});

describe('grading stored answers', () => {
  it('brings the answers to the worker and the grades back', async () => {
    const { client } = makeBench();
    const answers = [{ caseId: 'a', answer: 'x', facts: { totalMs: 1 } }];
    expect(await client.gradeAnswers({ testSet: request.testSet, answers })).toEqual([
      { caseId: 'a', grade: gradeOf('a') },
    ]);
  });

  it('fails when the worker dies before it has graded', async () => {
    const { client, workers } = makeBench();
    const graded = client.gradeAnswers({ testSet: request.testSet, answers: [] });
    await letMessagesArrive();
    workers[0]?.fail('gone');
    await expect(graded).rejects.toMatchObject({ fault: { kind: 'engine' } });
  });
});
