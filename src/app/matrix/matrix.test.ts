import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING, type Result, type Run, type RunEnd } from '../../domain/run/run';
import type { RunRecord } from '../../domain/run/ports';
import type { TestSet } from '../../domain/sets/test-set';
import { HASH, makeGraded, makeModel, makeRun, makeSet, makeSetup } from '../../domain/testing/make-run';
import { Matrix, type MatrixPorts } from './matrix.svelte';
import { estimateRemaining, viewMatrix } from './matrix-view';

const sets = ['x', 'y'].map((id) => ({ id, title: id, language: 'en', caseCount: 3, sha256: HASH }));
const models = ['a', 'b'].map((id) => ({ model: makeModel({ id, name: id }), artifactId: 'artifact' }));
const wanted = { models, sets, sampling: DEFAULT_SAMPLING, repeats: 1 };

/** A device: its journal and settings outlive a page that is killed. */
function makeDevice() {
  const journal = new Map<string, RunRecord>();
  const settings = new Map<string, unknown>();
  const asked: string[] = [];
  let ids = 0;
  const findSet = (id: string): TestSet => ({ ...makeSet(['q1', 'q2', 'q3']), id });

  /** A page on it. It is killed before answer number `killAt`, counted over the whole page's life. */
  function openPage({ killAt = Infinity, broken = '' } = {}) {
    let answered = 0;
    let awake = 0;
    const control = { stop: false };
    const isStopped = () => control.stop;
    const state: {
      -readonly [Key in 'run' | 'results' | 'testSet' | 'end' | 'fault']: MatrixPorts['bench'][Key];
    } = {
      run: undefined,
      results: [],
      testSet: undefined,
      end: undefined,
      fault: undefined,
    };
    /** What is to be done in the middle of an answer. */
    const hooks: { onAnswer: (caseId: string, modelId: string) => void } = { onAnswer: () => undefined };
    async function work(run: Run, testSet: TestSet, before: readonly Result[]): Promise<void> {
      control.stop = false;
      Object.assign(state, { run, testSet, results: before, end: undefined, fault: undefined });
      journal.set(run.id, { run, results: before, testSet });
      let end: RunEnd = { kind: 'finished' };
      for (const { id } of testSet.cases) {
        if (state.results.some(({ caseId }) => caseId === id)) continue;
        if (answered++ >= killAt) await new Promise<never>(() => undefined);
        await Promise.resolve();
        hooks.onAnswer(id, run.setup.model.id);
        if (isStopped()) {
          end = { kind: 'stopped' };
          break;
        }
        asked.push(`${run.setup.model.id} ${testSet.id} ${id}`);
        const pass = run.setup.model.id === 'a' || id === 'q1';
        state.results = [...state.results, makeGraded({ caseId: id, status: pass ? 'pass' : 'fail' })];
        journal.set(run.id, { run, results: state.results, testSet });
      }
      state.end = end;
      state.run = { ...run, end };
      journal.set(run.id, { run: state.run, results: state.results, testSet });
    }
    const bench: MatrixPorts['bench'] = {
      busy: false,
      get run() {
        return state.run;
      },
      get results() {
        return state.results;
      },
      get testSet() {
        return state.testSet;
      },
      get end() {
        return state.end;
      },
      get fault() {
        return state.fault;
      },
      async start(order, _isTrial, runId = '') {
        if (order.model.id === broken) {
          const fault = { kind: 'out-of-memory', detail: 'full' } as const;
          Object.assign(state, { run: undefined, results: [], end: { kind: 'failed', fault }, fault });
          return;
        }
        const { id, name } = order.model;
        await work(
          makeRun({ id: runId, setup: makeSetup({ model: { id, name }, sampling: order.sampling }) }),
          order.testSet,
          [],
        );
      },
      resume: ({ run, results, testSet }) => work(run, testSet, results),
      stop: () => {
        control.stop = true;
      },
      clear: () => {
        Object.assign(state, { run: undefined, results: [], testSet: undefined, end: undefined });
      },
    };
    const matrix = new Matrix({
      bench,
      settings: {
        get: (key) => Promise.resolve(settings.get(key)),
        set: (key, value) => {
          settings.set(key, structuredClone(value));
          return Promise.resolve();
        },
      },
      findRun: (id) => Promise.resolve(journal.get(id)),
      awaitRunEnd: () => Promise.resolve(),
      openSet: (id) => Promise.resolve({ testSet: findSet(id), sha256: HASH }),
      createId: () => `run-${ids++}`,
      holdAlone: (each) => each(),
      holdAwake: () => {
        awake++;
        return () => {
          awake--;
        };
      },
    });
    return { matrix, hooks, isAwake: () => awake > 0 };
  }
  return { openPage, asked, journal, settings };
}

const view = (matrix: Matrix) => {
  const { plan, faults, currentId } = matrix;
  if (plan === undefined) throw new Error('no plan');
  return viewMatrix({ plan, faults, currentId, findRecord: (id) => matrix.findRecord(id) });
};

/** Lets a page that hangs in a killed answer get there. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('Matrix', () => {
  it('does every case once, one model after the other, awake as long as that takes', async () => {
    const { openPage, asked, settings } = makeDevice();
    const { matrix, hooks, isAwake } = openPage();
    hooks.onAnswer = () => {
      expect(isAwake()).toBe(true);
      expect(matrix.activity).toBe('running');
    };
    await matrix.start(wanted);
    expect(asked).toEqual(
      ['a x', 'a y', 'b x', 'b y'].flatMap((cell) => ['q1', 'q2', 'q3'].map((id) => `${cell} ${id}`)),
    );
    expect([matrix.activity, isAwake()]).toEqual(['idle', false]);
    expect(settings.get('matrix')).toMatchObject({ running: false });
    const { fields, contest, rows, done, total } = view(matrix);
    expect(fields.flat().map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
    expect([done, total]).toEqual([12, 12]);
    expect(contest.ranked.map(({ id, passed, cases, stopped }) => [id, passed, cases, stopped])).toEqual([
      ['0', 6, 6, false],
      ['1', 2, 6, false],
    ]);
    expect(rows.map(({ id, kinds }) => [id, ...kinds])).toEqual(
      ['0', '1'].flatMap((set) => [
        [`${set}/q1`, 'all-right'],
        [`${set}/q2`, 'disagree'],
        [`${set}/q3`, 'disagree'],
      ]),
    );
  });

  it('goes on by itself after being killed twice in the middle, every case exactly once', async () => {
    const { openPage, asked, settings, journal } = makeDevice();
    void openPage({ killAt: 2 }).matrix.start(wanted);
    await settle();
    expect(asked).toHaveLength(2);
    expect(settings.get('matrix')).toMatchObject({ running: true });
    void openPage({ killAt: 5 }).matrix.recall();
    await settle();
    expect(asked).toHaveLength(7);
    const { matrix } = openPage();
    await matrix.recall();
    expect(asked).toHaveLength(12);
    expect(new Set(asked).size).toBe(12);
    expect(journal.size).toBe(4);
    expect(view(matrix).done).toBe(12);
  });

  it('pauses, stays paused over a reload, and goes on when told', async () => {
    const { openPage, asked } = makeDevice();
    const { matrix, hooks } = openPage();
    hooks.onAnswer = (id) => {
      if (id === 'q3') matrix.pause();
    };
    await matrix.start(wanted);
    expect(asked).toEqual(['a x q1', 'a x q2']);
    expect(
      view(matrix)
        .fields.flat()
        .map(({ state }) => state),
    ).toEqual(['part', 'waiting', 'waiting', 'waiting']);
    const next = openPage().matrix;
    await next.recall();
    expect(asked).toHaveLength(2);
    expect(next.plan?.cells).toHaveLength(4);
    await next.go();
    expect(new Set(asked).size).toBe(12);
    expect(asked).toHaveLength(12);
  });

  it('skips a cell, also the one under way, and takes it back', async () => {
    const { openPage, asked } = makeDevice();
    const { matrix, hooks } = openPage();
    hooks.onAnswer = (id) => {
      const current = matrix.currentId;
      if (asked.length === 1 && id === 'q2' && current !== undefined) void matrix.skip(current);
    };
    await matrix.start(wanted);
    expect(asked.filter((each) => each.startsWith('a x'))).toEqual(['a x q1']);
    expect(asked).toHaveLength(10);
    expect(view(matrix).fields[0]?.[0]?.state).toBe('skipped');
    // It did not come to its end, so it is not ranked.
    expect(view(matrix).contest.ranked.map(({ id, stopped }) => [id, stopped])).toEqual([
      ['1', false],
      ['0', true],
    ]);
    await matrix.restore(matrix.plan?.cells[0]?.runId ?? '');
    await matrix.go();
    expect(new Set(asked).size).toBe(12);
    expect(asked).toHaveLength(12);
  });

  it('goes on with the next where one cannot be opened, and tries it again when told', async () => {
    const { openPage, asked } = makeDevice();
    const { matrix } = openPage({ broken: 'a' });
    await matrix.start(wanted);
    expect(asked).toHaveLength(6);
    expect(
      view(matrix)
        .fields.flat()
        .map(({ state }) => state),
    ).toEqual(['failed', 'failed', 'done', 'done']);
    expect([...matrix.faults.values()].map(({ kind }) => kind)).toEqual(['out-of-memory', 'out-of-memory']);
    const next = openPage().matrix;
    await next.recall();
    await next.go();
    expect(asked).toHaveLength(12);
    expect(next.faults.size).toBe(0);
  });

  it('pools repeats, each with a seed of its own', async () => {
    const { openPage, journal } = makeDevice();
    const { matrix } = openPage();
    await matrix.start({ ...wanted, repeats: 3 });
    expect(journal.size).toBe(12);
    expect(new Set([...journal.values()].map(({ run }) => run.setup.sampling.seed))).toEqual(
      new Set([42, 1042, 2042]),
    );
    const { contest, fields, rows } = view(matrix);
    expect(contest.ranked[0]).toMatchObject({ passed: 18, answers: 18, cases: 6 });
    expect(fields[1]?.[0]).toMatchObject({ passed: 3, done: 9, total: 9 });
    expect(rows[1]?.answers[1]?.pooled).toEqual({ right: 0, answers: 3 });
  });

  it('forgets the plan, not its runs', async () => {
    const { openPage, journal } = makeDevice();
    const { matrix } = openPage();
    await matrix.start(wanted);
    await matrix.discard();
    expect(matrix.plan).toBeUndefined();
    expect(journal.size).toBe(4);
    const next = openPage().matrix;
    await next.recall();
    expect([next.plan, next.isRead]).toEqual([undefined, true]);
  });

  it('says how long the rest will take, by what has been measured', async () => {
    const { openPage } = makeDevice();
    const { matrix, hooks } = openPage();
    hooks.onAnswer = (id) => {
      if (id === 'q3') matrix.pause();
    };
    await matrix.start(wanted);
    const { plan } = matrix;
    if (plan === undefined) throw new Error('no plan');
    // Two answers of 300 ms each; ten are left, of models of one size.
    expect(estimateRemaining(view(matrix), plan)).toBeCloseTo(3, 6);
  });
});
