import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GradedResult } from '../domain/run/run';
import type { TestSet } from '../domain/sets/test-set';
import { HASH, makeFailed, makeGraded, makeRun, makeSet, makeSetup } from '../domain/testing/make-run';
import { createRunStore } from './run-store';

const OTHER_HASH = 'b'.repeat(64);

const setOf = (id: string): TestSet => ({ ...makeSet(['case']), id, title: id });
const testSet = setOf('logic-en');

const runOf = (id: string, startedAt = 1_000, sha256 = HASH) =>
  makeRun({ id, startedAt, setup: makeSetup({ set: { id: 'logic-en', title: 'Logic', sha256 } }) });

const graded = (caseId: string, status: GradedResult['status'] = 'pass') =>
  makeGraded({ caseId, status, answer: 'Ответ \u{1f9d9}' });
const failed = (caseId: string) => makeFailed({ caseId });

/** How many rows the database really holds: what nobody can find still takes room. */
async function countRows(): Promise<Record<string, number>> {
  const database = await openDB('wizardbench-journal');
  const rows: Record<string, number> = {};
  for (const name of database.objectStoreNames) rows[name] = await database.count(name);
  database.close();
  return rows;
}

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('createRunStore', () => {
  it('has no runs at first', async () => {
    const store = createRunStore();
    expect(await store.listRuns()).toEqual([]);
    expect(await store.findRun('nobody')).toBeUndefined();
  });

  it('finds a run with its set and its results in the order of finishing, also after the page was closed', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    // More than ten: keys that sort as text would put the eleventh second.
    const results = Array.from({ length: 12 }, (_, index) => graded(`case-${12 - index}`));
    for (const result of results) await store.appendResult('one', result);
    expect(await createRunStore().findRun('one')).toEqual({ run: runOf('one'), results, testSet });
  });

  it('keeps each result as soon as it is appended', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    await store.appendResult('one', graded('a'));
    expect((await createRunStore().findRun('one'))?.results).toEqual([graded('a')]);
    await store.appendResult('one', failed('b'));
    expect((await createRunStore().findRun('one'))?.results).toEqual([graded('a'), failed('b')]);
  });

  it('keeps the results of runs apart, also when one id begins like another', async () => {
    const store = createRunStore();
    for (const id of ['run', 'run-1', 'run-10']) {
      await store.createRun(runOf(id), testSet);
      await store.appendResult(id, graded(`of ${id}`));
    }
    await store.appendResult('run-1', graded('second'));
    expect((await store.findRun('run'))?.results).toEqual([graded('of run')]);
    expect((await store.findRun('run-1'))?.results).toEqual([graded('of run-1'), graded('second')]);
  });

  it('lists the newest run first, with what it passed, graded and finished', async () => {
    const store = createRunStore();
    await store.createRun(runOf('middle', 2_000), testSet);
    await store.createRun(runOf('newest', 3_000), testSet);
    await store.createRun(runOf('oldest', 1_000), testSet);
    const results = [graded('a'), graded('b', 'fail'), graded('c', 'not-run'), failed('d'), graded('e')];
    for (const result of results) await store.appendResult('middle', result);
    await store.endRun('middle', { kind: 'finished' });
    expect(await store.listRuns()).toEqual([
      { run: runOf('newest', 3_000), passed: 0, graded: 0, finished: 0 },
      { run: { ...runOf('middle', 2_000), end: { kind: 'finished' } }, passed: 2, graded: 3, finished: 5 },
      { run: runOf('oldest', 1_000), passed: 0, graded: 0, finished: 0 },
    ]);
  });

  it('keeps the end of a run, and takes it back before the run goes on', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    await store.appendResult('one', graded('a'));
    const end = { kind: 'failed', fault: { kind: 'engine', detail: 'gone' } } as const;
    await store.endRun('one', end);
    expect((await store.findRun('one'))?.run.end).toEqual(end);

    await store.reopenRun('one');
    const reopened = await store.findRun('one');
    expect(reopened?.run).toEqual(runOf('one'));
    expect(reopened?.run).not.toHaveProperty('end');
    expect(reopened?.results).toEqual([graded('a')]);

    await store.appendResult('one', graded('b'));
    expect((await store.findRun('one'))?.results).toEqual([graded('a'), graded('b')]);
  });

  it('keeps what ran a run, switch by switch', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    const { contextTokens: _contextTokens, ...from } = runOf('one').setup.session;
    const first = {
      caseId: 'a',
      from: { ...from, backend: 'webgpu' },
      to: from,
      fault: { kind: 'device-lost', detail: 'gone' },
    } as const;
    await store.appendSwitch('one', first);
    await store.appendSwitch('one', { ...first, caseId: 'b' });
    expect((await createRunStore().findRun('one'))?.run).toEqual({
      ...runOf('one'),
      switches: [first, { ...first, caseId: 'b' }],
    });
    await store.appendSwitch('another', first);
    expect(await store.findRun('another')).toBeUndefined();
  });

  it('does not bring a deleted run back by ending or reopening it', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    await store.deleteRun('one');
    await store.endRun('one', { kind: 'stopped' });
    await store.reopenRun('one');
    expect(await store.listRuns()).toEqual([]);
    expect(await countRows()).toEqual({ results: 0, runs: 0, sets: 0 });
  });

  it('keeps no result of a run that was deleted while it was under way', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    await store.deleteRun('one');
    await store.appendResult('one', graded('late'));
    expect(await countRows()).toEqual({ results: 0, runs: 0, sets: 0 });
  });

  it('deletes a run with its results and leaves the others as they were', async () => {
    const store = createRunStore();
    for (const id of ['run', 'run-1']) {
      await store.createRun(runOf(id), testSet);
      await store.appendResult(id, graded('a'));
    }
    await store.deleteRun('run');
    expect(await store.findRun('run')).toBeUndefined();
    expect(await store.findRun('run-1')).toEqual({ run: runOf('run-1'), results: [graded('a')], testSet });
    expect(await countRows()).toEqual({ results: 1, runs: 1, sets: 1 });
  });

  it('keeps one copy of a set, until the last run of it is deleted', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    await store.createRun(runOf('two'), testSet);
    await store.createRun(runOf('three', 1_000, OTHER_HASH), setOf('logic-ru'));
    expect(await countRows()).toMatchObject({ runs: 3, sets: 2 });
    await store.deleteRun('one');
    expect(await countRows()).toMatchObject({ runs: 2, sets: 2 });
    await store.deleteRun('two');
    expect(await countRows()).toMatchObject({ runs: 1, sets: 1 });
    expect((await store.findRun('three'))?.testSet).toEqual(setOf('logic-ru'));
  });

  it('does not mind deleting what is not there', async () => {
    const store = createRunStore();
    await store.createRun(runOf('one'), testSet);
    await store.deleteRun('nobody');
    expect(await store.listRuns()).toHaveLength(1);
  });

  it('works while another tab has the journal open', async () => {
    const [one, other] = [createRunStore(), createRunStore()];
    await one.createRun(runOf('one'), testSet);
    await Promise.all([
      one.appendResult('one', graded('a')),
      other.appendResult('one', graded('b')),
      one.appendResult('one', graded('c')),
    ]);
    expect((await other.findRun('one'))?.results).toHaveLength(3);
  });
});
