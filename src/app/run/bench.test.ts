import { describe, expect, it, vi } from 'vitest';
import { badInput, FaultError } from '../../domain/fault';
import type { Artifact } from '../../domain/model/model';
import type { RunRecord, RunStore } from '../../domain/run/ports';
import { DEFAULT_SAMPLING, type RunEnd } from '../../domain/run/run';
import type { EngineClient } from '../../worker/client';
import type { RunRequest, WorkerEvent } from '../../worker/protocol';
import { makeFailed, makeModel, makeRun, makeSet, makeSetup } from '../../domain/testing/make-run';
import { Bench, type BenchPorts } from './bench.svelte';

const model = makeModel();
const testSet = makeSet(['a', 'b', 'c']);
const order = { model, artifactId: 'artifact', testSet, sampling: { ...DEFAULT_SAMPLING, seed: 7 } };

const run = makeRun({
  id: 'run-1',
  setup: makeSetup({ set: { caseCount: 3 }, sampling: { ...DEFAULT_SAMPLING, seed: 9 } }),
});
const resultOf = (caseId: string) => makeFailed({ caseId });

const opened: WorkerEvent = { type: 'run-opened', run };
const startCase = (caseId: string): WorkerEvent => ({ type: 'case-started', caseId, prompt: `${caseId}?` });
const token = (text: string, count = 1): WorkerEvent => ({ type: 'token', caseId: 'a', text, count });
const finishCase = (caseId: string): WorkerEvent => ({ type: 'case-finished', result: resultOf(caseId) });

/** The page's side of a run, with the worker's side in the hands of the test. */
function makeBench(change: Partial<BenchPorts> = {}) {
  const requests: RunRequest[] = [];
  const ends: [runId: string, end: RunEnd][] = [];
  const journal = new Map<string, RunRecord>();
  const clock = { ms: 0 };
  let journalChanges = 0;
  let emit: (...events: WorkerEvent[]) => void = () => undefined;
  let finish: (end: RunEnd) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  let signal = new AbortController().signal;

  const client: EngineClient = {
    listEngines: () => Promise.resolve([]),
    gradeAnswers: () => Promise.resolve([]),
    chat: () => Promise.reject(new Error('not asked for here')),
    measureSpeed: () => Promise.reject(new Error('not asked for here')),
    recalibrate: () => Promise.reject(new Error('not asked for here')),
    probeDevice: () => Promise.reject(new Error('not asked for here')),
    run: (request, listener, stopSignal) => {
      requests.push(request);
      signal = stopSignal;
      if (stopSignal.aborted) return Promise.resolve({ kind: 'stopped' });
      emit = (...events) => {
        listener(events);
      };
      return new Promise<RunEnd>((resolve, reject) => {
        finish = resolve;
        fail = reject;
        stopSignal.addEventListener('abort', () => {
          resolve({ kind: 'stopped' });
        });
      });
    },
  };
  const runStore: RunStore = {
    createRun: () => Promise.resolve(),
    appendResult: () => Promise.resolve(),
    appendSwitch: () => Promise.resolve(),
    reopenRun: () => Promise.resolve(),
    findRun: (runId) => Promise.resolve(journal.get(runId)),
    listRuns: () => Promise.resolve([]),
    deleteRun: () => Promise.resolve(),
    endRun: (runId, end) => {
      ends.push([runId, end]);
      return Promise.resolve();
    },
  };
  const bench = new Bench({
    client,
    runStore,
    openLocalFiles: () => Promise.resolve([]),
    modelsUrl: 'https://x.example/static-models/',
    requestPersistence: () => Promise.resolve(true),
    awaitPaint: () => Promise.resolve(),
    createId: () => 'run-1',
    now: () => clock.ms,
    onJournal: () => journalChanges++,
    ...change,
  });
  return {
    bench,
    requests,
    ends,
    journal,
    clock,
    journalChanges: () => journalChanges,
    isAborted: () => signal.aborted,
    emit: (...events: WorkerEvent[]) => {
      emit(...events);
    },
    finish: (end: RunEnd) => {
      finish(end);
    },
    fail: (error: unknown) => {
      fail(error);
    },
    /** Starts a run, as far as the worker. */
    start: async () => {
      const done = bench.start(order);
      await reachWorker();
      // In a box: waiting for the start must not wait for the end.
      return { done };
    },
  };
}

/** The request for persistence comes first. */
async function reachWorker(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

describe('starting a run', () => {
  it('gives the worker all it needs, and is busy from the first moment', async () => {
    const { bench, start, requests, finish } = makeBench();
    expect(bench.busy).toBe(false);
    const { done } = await start();
    expect(bench.busy).toBe(true);
    expect(bench.phase).toBe('checking');
    expect(bench.testSet).toBe(testSet);
    expect(requests).toEqual([{ runId: 'run-1', modelsUrl: 'https://x.example/static-models/', ...order }]);
    finish({ kind: 'finished' });
    await done;
    expect(bench.busy).toBe(false);
    expect(bench.end).toEqual({ kind: 'finished' });
  });

  it('asks to keep the model before it asks for the model', async () => {
    const asked: string[] = [];
    const { start, requests, finish } = makeBench({
      requestPersistence: () => {
        asked.push(`with ${requests.length} requests`);
        return Promise.reject(new Error('not here'));
      },
    });
    const { done } = await start();
    expect(asked).toEqual(['with 0 requests']);
    expect(requests).toHaveLength(1);
    finish({ kind: 'finished' });
    await done;
  });

  it('shows phases, the answer being written and the results as they come', async () => {
    const { bench, start, emit, finish, clock, journalChanges } = makeBench();
    const { done } = await start();
    emit({ type: 'phase', phase: 'loading' }, opened, { type: 'phase', phase: 'running' });
    expect(bench.phase).toBe('running');
    expect(bench.run).toEqual(run);
    expect(journalChanges()).toBe(1);

    emit(startCase('a'));
    expect(bench.current).toEqual({ caseId: 'a', prompt: 'a?', answer: '', tokens: 0 });
    clock.ms = 100;
    emit(token('The cat', 2));
    clock.ms = 250;
    emit(token(' sat'));
    expect(bench.current).toEqual({
      caseId: 'a',
      prompt: 'a?',
      answer: 'The cat sat',
      tokens: 3,
      firstTokenAtMs: 100,
      lastTokenAtMs: 250,
    });

    emit(finishCase('a'), startCase('b'));
    expect(bench.results).toEqual([resultOf('a')]);
    expect(bench.current).toMatchObject({ caseId: 'b', answer: '' });
    expect(bench.current).not.toHaveProperty('firstTokenAtMs');

    emit(finishCase('b'));
    expect(bench.current).toBeUndefined();
    finish({ kind: 'finished' });
    await done;
    expect(bench.results.map(({ caseId }) => caseId)).toEqual(['a', 'b']);
    expect(bench.run).toEqual({ ...run, end: { kind: 'finished' } });
    expect(bench.phase).toBeUndefined();
    expect(journalChanges()).toBe(2);
  });

  it('starts the answer again when another engine takes over, and goes on with that one', async () => {
    const { bench, start, emit, finish, requests } = makeBench();
    const { done } = await start();
    emit(opened, startCase('a'), token('half an ans'));
    const { contextTokens: _contextTokens, ...from } = run.setup.session;
    const to = { ...from, engineId: 'other', threads: 1 };
    const change = { caseId: 'a', from, to, fault: { kind: 'device-lost', detail: 'x' } } as const;
    emit({ type: 'engine-switched', change }, startCase('a'));
    expect(bench.current).toMatchObject({ caseId: 'a', answer: '', tokens: 0 });
    expect(bench.run?.switches).toEqual([change]);
    finish({ kind: 'stopped' });
    await done;
    if (bench.run === undefined) throw new Error('no run');
    void bench.resume({ run: bench.run, results: [], testSet }, model);
    await reachWorker();
    expect(requests[1]?.continued?.session).toMatchObject({ engineId: 'other', threads: 1 });
    finish({ kind: 'finished' });
  });

  it('leaves the end of a finished run to the worker, which wrote it', async () => {
    const { start, emit, finish, ends } = makeBench();
    const { done } = await start();
    emit(opened);
    finish({ kind: 'finished' });
    await done;
    expect(ends).toEqual([]);
  });

  it('begins the next run afresh', async () => {
    const { bench, start, emit, finish, fail } = makeBench();
    const first = await start();
    emit(opened, finishCase('a'));
    fail(new FaultError({ kind: 'engine', detail: 'gone' }));
    await first.done;
    expect(bench.fault).toBeDefined();
    const second = await start();
    expect(bench.results).toEqual([]);
    expect([bench.run, bench.end, bench.fault]).toEqual([undefined, undefined, undefined]);
    finish({ kind: 'finished' });
    await second.done;
  });

  it('does nothing to a run under way', async () => {
    const { bench, start, emit, finish, requests } = makeBench();
    const { done } = await start();
    emit(opened, finishCase('a'), startCase('b'));
    await bench.start(order);
    await bench.resume({ run: { ...run, id: 'other' }, results: [], testSet }, model);
    bench.clear();
    expect(requests).toHaveLength(1);
    expect(bench.run).toEqual(run);
    expect(bench.results).toEqual([resultOf('a')]);
    expect(bench.current?.caseId).toBe('b');
    finish({ kind: 'finished' });
    await done;
    expect(bench.run?.id).toBe('run-1');
  });
});

describe('the bar', () => {
  const transfer = (doneBytes: number, receivedBytes: number): WorkerEvent => ({
    type: 'transfer',
    progress: { doneBytes, totalBytes: 10_000, receivedBytes },
  });

  it('shows bytes, speed and time left', async () => {
    const { bench, start, emit, finish, clock } = makeBench();
    const { done } = await start();
    emit(transfer(2_000, 0));
    expect(bench.transfer).toEqual({ doneBytes: 2_000, totalBytes: 10_000, receivedBytes: 0 });
    clock.ms = 1_000;
    emit(transfer(4_000, 2_000));
    expect(bench.transfer).toEqual({
      doneBytes: 4_000,
      totalBytes: 10_000,
      receivedBytes: 2_000,
      bytesPerSecond: 2_000,
      remainingSeconds: 3,
    });
    finish({ kind: 'finished' });
    await done;
    expect(bench.transfer).toBeUndefined();
  });

  it('has no speed for what is only checked', async () => {
    const { bench, start, emit, finish, clock } = makeBench();
    const { done } = await start();
    emit(transfer(2_000, 0));
    clock.ms = 1_000;
    emit(transfer(9_000, 0));
    expect(bench.transfer).toEqual({ doneBytes: 9_000, totalBytes: 10_000, receivedBytes: 0 });
    finish({ kind: 'finished' });
    await done;
  });
});

describe('a stop', () => {
  it('asks the worker, shows that it does, and keeps what was finished', async () => {
    const { bench, start, emit, isAborted, ends } = makeBench();
    const { done } = await start();
    emit(opened, finishCase('a'), startCase('b'), token('half'));
    bench.stop();
    expect(bench.stopping).toBe(true);
    expect(isAborted()).toBe(true);
    await done;
    expect([bench.stopping, bench.busy]).toEqual([false, false]);
    expect(bench.end).toEqual({ kind: 'stopped' });
    expect(bench.fault).toBeUndefined();
    expect(bench.results).toEqual([resultOf('a')]);
    expect(bench.current).toBeUndefined();
    expect(bench.run?.end).toEqual({ kind: 'stopped' });
    // A worker that had to be ended could not write this.
    expect(ends).toEqual([['run-1', { kind: 'stopped' }]]);
  });

  it('shows a case that was saved just before, although the worker could not tell of it', async () => {
    const { bench, start, emit, journal } = makeBench();
    const { done } = await start();
    emit(opened, finishCase('a'), startCase('b'));
    journal.set('run-1', { run, results: [resultOf('a'), resultOf('b')], testSet });
    bench.stop();
    await done;
    expect(bench.results.map(({ caseId }) => caseId)).toEqual(['a', 'b']);
  });

  it('before the worker was asked ends the run too', async () => {
    let answer: (granted: boolean) => void = () => undefined;
    let asked = false;
    const { bench, requests, isAborted } = makeBench({
      requestPersistence: () => {
        asked = true;
        return new Promise<boolean>((resolve) => (answer = resolve));
      },
    });
    const done = bench.start(order);
    bench.stop();
    await vi.waitFor(() => expect(asked).toBe(true));
    answer(true);
    await done;
    expect(requests).toHaveLength(1);
    expect(isAborted()).toBe(true);
    expect(bench.end).toEqual({ kind: 'stopped' });
  });

  it('writes nothing of a run that the journal does not have yet', async () => {
    const { bench, start, ends } = makeBench();
    const { done } = await start();
    bench.stop();
    await done;
    expect(ends).toEqual([]);
    expect(bench.run).toBeUndefined();
  });

  it('of nothing does nothing', () => {
    const { bench } = makeBench();
    bench.stop();
    expect(bench.stopping).toBe(false);
    expect(bench.end).toBeUndefined();
  });
});

describe('going on with a run', () => {
  const record: RunRecord = {
    run: { ...run, end: { kind: 'stopped' } },
    results: [resultOf('a'), resultOf('b')],
    testSet,
  };

  it('shows what is done, and asks for the rest with the sampling and the engine of before', async () => {
    const { bench, requests, emit, finish } = makeBench();
    const done = bench.resume(record, model);
    await reachWorker();
    expect(bench.results).toEqual(record.results);
    expect(requests).toEqual([
      {
        runId: 'run-1',
        model,
        artifactId: 'artifact',
        testSet,
        sampling: run.setup.sampling,
        modelsUrl: 'https://x.example/static-models/',
        continued: { doneAttempts: ['a', 'b'], session: run.setup.session },
      },
    ]);
    emit(startCase('c'), finishCase('c'));
    finish({ kind: 'finished' });
    await done;
    expect(bench.results.map(({ caseId }) => caseId)).toEqual(['a', 'b', 'c']);
    expect(bench.run?.end).toEqual({ kind: 'finished' });
  });

  it("runs the set's code only after a yes of now", async () => {
    const { bench, requests, finish } = makeBench();
    const done = bench.resume(record, model, true);
    await reachWorker();
    expect(requests[0]).toMatchObject({ allowScripts: true });
    finish({ kind: 'stopped' });
    await done;
  });

  it('keeps what is done when it cannot go on', async () => {
    const { bench, fail, ends } = makeBench();
    const done = bench.resume(record, model);
    await reachWorker();
    const fault = { kind: 'download', url: 'https://x.example/', detail: 'offline' } as const;
    fail(new FaultError(fault));
    await done;
    expect(bench.results).toEqual(record.results);
    expect(bench.fault).toEqual(fault);
    expect(ends).toEqual([['run-1', { kind: 'failed', fault }]]);
  });
});

describe('a run that fails', () => {
  const fault = { kind: 'quota', neededBytes: 5 } as const;

  it('before it began says why, and writes nothing', async () => {
    const { bench, start, fail, ends } = makeBench();
    const { done } = await start();
    fail(new FaultError(fault));
    await done;
    expect(bench.fault).toEqual(fault);
    expect(bench.end).toEqual({ kind: 'failed', fault });
    expect(bench.busy).toBe(false);
    expect(ends).toEqual([]);
  });

  it('by its own account says why, and leaves the journal to the worker', async () => {
    const { bench, start, emit, finish, ends } = makeBench();
    const { done } = await start();
    emit(opened);
    finish({ kind: 'failed', fault });
    await done;
    expect(bench.fault).toEqual(fault);
    expect(bench.run?.end).toEqual({ kind: 'failed', fault });
    expect(ends).toEqual([]);
  });

  it('with its worker is ended in the journal by the page', async () => {
    const { bench, start, emit, fail, ends, journalChanges } = makeBench();
    const { done } = await start();
    emit(opened, finishCase('a'));
    fail(new RangeError('worker gone'));
    await done;
    const end = { kind: 'failed', fault: { kind: 'engine', detail: 'worker gone' } };
    expect(bench.end).toEqual(end);
    expect(ends).toEqual([['run-1', end]]);
    expect(bench.results).toEqual([resultOf('a')]);
    expect(journalChanges()).toBe(2);
  });
});

describe('clear', () => {
  it('goes back to the empty sheet', async () => {
    const { bench, start, emit, fail } = makeBench();
    const { done } = await start();
    emit(opened, finishCase('a'));
    fail(new Error('gone'));
    await done;
    bench.clear();
    expect([bench.run, bench.testSet, bench.end, bench.fault]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(bench.results).toEqual([]);
  });
});

describe('a model of picked files', () => {
  const artifact: Artifact = {
    id: 'artifact',
    format: 'gguf',
    quantization: 'Q4_0',
    contextTokens: 2048,
    files: [{ name: 'a.gguf', bytes: 1, local: 'key' }],
    companions: [],
    unverified: false,
  };
  const own = { ...order, model: { ...model, artifacts: [artifact] } };

  it('is run from the files themselves', async () => {
    const localFiles = [{ key: 'key', file: new File(['x'], 'a.gguf') }];
    const { bench, requests, finish } = makeBench({ openLocalFiles: () => Promise.resolve(localFiles) });
    const done = bench.start(own);
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    expect(requests[0]?.localFiles).toEqual(localFiles);
    finish({ kind: 'finished' });
    await done;
  });

  it('does not run when they have to be picked again', async () => {
    const { bench, requests } = makeBench({
      openLocalFiles: () => Promise.reject(badInput('local file', 'it has to be picked again')),
    });
    await bench.start(own);
    expect([requests, bench.busy, bench.fault]).toMatchObject([[], false, { what: 'local file' }]);
  });
});
