import { describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import type { RunRecord, RunStore, RunSummary } from '../../domain/run/ports';
import type { Run, RunEnd } from '../../domain/run/run';
import { makeRun, makeSet } from '../../domain/testing/make-run';
import { History } from './history.svelte';

const runOf = (id: string, end?: RunEnd) => makeRun({ id, ...(end !== undefined && { end }) });

/** A journal of runs, newest first, without their results. */
class FakeRunStore implements RunStore {
  fault: FaultError | undefined;
  constructor(public runs: readonly Run[]) {}

  createRun = () => Promise.resolve();
  appendResult = () => Promise.resolve();
  appendSwitch = () => Promise.resolve();
  reopenRun = () => Promise.resolve();
  findRun = (runId: string): Promise<RunRecord | undefined> => {
    const run = this.runs.find(({ id }) => id === runId);
    return Promise.resolve(run && { run, results: [], testSet: makeSet(['a']) });
  };
  endRun = (runId: string, end: RunEnd) => {
    this.runs = this.runs.map((run) => (run.id === runId ? { ...run, end } : run));
    return Promise.resolve();
  };
  deleteRun = (runId: string) => {
    this.runs = this.runs.filter(({ id }) => id !== runId);
    return Promise.resolve();
  };
  listRuns = (): Promise<readonly RunSummary[]> =>
    this.fault === undefined
      ? Promise.resolve(this.runs.map((run) => ({ run, passed: 0, graded: 0, finished: 0 })))
      : Promise.reject(this.fault);
}

const forever = () => new Promise<void>(() => undefined);

async function load(runs: readonly Run[], live: readonly string[] = []) {
  const runStore = new FakeRunStore(runs);
  const history = new History({
    runStore,
    findLiveRuns: () => Promise.resolve(live),
    awaitRunEnd: forever,
  });
  await history.refresh();
  return { runStore, history };
}

const idsOf = (history: History) => history.runs?.map(({ run }) => run.id);

describe('History', () => {
  it('knows nothing before it has read the journal', () => {
    const history = new History({
      runStore: new FakeRunStore([runOf('one')]),
      findLiveRuns: () => Promise.resolve([]),
      awaitRunEnd: forever,
    });
    expect(history.runs).toBeUndefined();
    expect(history.interrupted).toBeUndefined();
  });

  it('lists the runs as the journal does, and which are under way', async () => {
    const { history } = await load([runOf('new'), runOf('old', { kind: 'finished' })], ['new']);
    expect(idsOf(history)).toEqual(['new', 'old']);
    expect(history.live).toEqual(['new']);
  });

  it('offers the newest run when it has no end and nobody runs it', async () => {
    const { history } = await load([runOf('new'), runOf('old')]);
    expect(history.interrupted?.run.id).toBe('new');
  });

  it.each<[why: string, runs: readonly Run[], live: readonly string[]]>([
    ['there is none', [], []],
    ['it runs here or in another tab', [runOf('new')], ['new']],
    ['it is finished', [runOf('new', { kind: 'finished' })], []],
    ['it was stopped', [runOf('new', { kind: 'stopped' })], []],
    ['a newer one has been done since', [runOf('new', { kind: 'finished' }), runOf('old')], []],
  ])('offers no run when %s', async (_why, runs, live) => {
    expect((await load(runs, live)).history.interrupted).toBeUndefined();
  });

  it('offers a run although another one is under way elsewhere', async () => {
    expect((await load([runOf('new'), runOf('old')], ['old'])).history.interrupted?.run.id).toBe('new');
  });

  it('offers a run that is still under way when it is first read, once that has ended', async () => {
    let live = ['new'];
    const endings = new Map<string, () => void>();
    const awaited: string[] = [];
    const history = new History({
      runStore: new FakeRunStore([runOf('new'), runOf('old')]),
      findLiveRuns: () => Promise.resolve(live),
      awaitRunEnd: (runId) => {
        awaited.push(runId);
        return new Promise((resolve) => endings.set(runId, resolve));
      },
    });
    await history.refresh();
    await history.refresh();
    expect(history.interrupted).toBeUndefined();
    expect(awaited).toEqual(['new']);
    live = [];
    endings.get('new')?.();
    await expect.poll(() => history.interrupted?.run.id).toBe('new');
  });

  it('takes a run that was given up for stopped, and shows that', async () => {
    const { history, runStore } = await load([runOf('new')]);
    await history.endInterrupted('new');
    expect(runStore.runs[0]?.end).toEqual({ kind: 'stopped' });
    expect(history.runs?.[0]?.run.end).toEqual({ kind: 'stopped' });
    expect(history.interrupted).toBeUndefined();
  });

  it('shows that a run was deleted', async () => {
    const { history } = await load([runOf('new'), runOf('old')]);
    await history.delete('new');
    expect(idsOf(history)).toEqual(['old']);
  });

  it('finds a record', async () => {
    const { history } = await load([runOf('new')]);
    expect((await history.find('new'))?.run.id).toBe('new');
    expect(await history.find('gone')).toBeUndefined();
  });

  it('keeps showing what it knew when the journal cannot be read, and says so', async () => {
    const { history, runStore } = await load([runOf('new')]);
    runStore.fault = new FaultError({ kind: 'engine', detail: 'locked' });
    await history.refresh();
    expect(history.fault).toEqual({ kind: 'engine', detail: 'locked' });
    expect(idsOf(history)).toEqual(['new']);
    runStore.fault = undefined;
    await history.refresh();
    expect(history.fault).toBeUndefined();
  });
});
