import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import type { RunRequest } from '../../worker/protocol';
import { makeFailed, makeModel, makeRun, makeSet } from '../../domain/testing/make-run';
import { Bench } from './bench.svelte';
import { Trial } from './trial.svelte';

const model = makeModel();
const testSet = makeSet(['a', 'b']);
const [, second] = testSet.cases;
if (second === undefined) throw new Error('no case');
const run = makeRun({ id: 'run-1' });
const result = makeFailed({ caseId: 'b', answer: 'x' });

function makeTrial() {
  const requests: RunRequest[] = [];
  const deleted: string[] = [];
  const refuse = () => Promise.reject(new Error('not asked for here'));
  const bench = new Bench({
    client: {
      listEngines: refuse,
      gradeAnswers: refuse,
      chat: refuse,
      measureSpeed: refuse,
      recalibrate: refuse,
      probeDevice: refuse,
      run: (request, listener) => {
        requests.push(request);
        listener([
          { type: 'run-opened', run },
          { type: 'case-finished', result },
        ]);
        return Promise.resolve({ kind: 'finished' });
      },
    },
    runStore: {
      createRun: refuse,
      appendResult: refuse,
      appendSwitch: refuse,
      reopenRun: refuse,
      findRun: refuse,
      listRuns: refuse,
      deleteRun: refuse,
      endRun: refuse,
    },
    modelsUrl: 'https://x.example/',
    awaitPaint: () => Promise.resolve(),
    requestPersistence: () => Promise.resolve(true),
    createId: () => 'run-1',
    now: () => 0,
    openLocalFiles: () => Promise.resolve([]),
    onJournal: () => undefined,
  });
  const trial = new Trial({
    bench,
    choices: {
      order: (set) => ({
        model,
        artifactId: 'artifact',
        testSet: set,
        sampling: DEFAULT_SAMPLING,
        repeats: 4,
      }),
    },
    history: {
      delete: (runId) => {
        deleted.push(runId);
        return Promise.resolve();
      },
    },
  });
  return { bench, trial, requests, deleted };
}

describe('Trial', () => {
  it('asks one case once, keeps its result, and takes the run out of the journal', async () => {
    const { bench, trial, requests, deleted } = makeTrial();
    await trial.start(testSet, second);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.testSet.cases).toEqual([second]);
    expect(requests[0]).not.toHaveProperty('repeats');
    expect(trial.results).toEqual([result]);
    expect(trial.testCase).toBe(second);
    expect(trial.busy).toBe(false);
    expect(deleted).toEqual(['run-1']);
    // The bench is free, and shows nothing of it.
    expect(bench.results).toEqual([]);
    expect(bench.run).toBeUndefined();
  });

  it('leaves a run that is under way alone', async () => {
    const { bench, trial, requests } = makeTrial();
    const running = bench.start({ model, artifactId: 'artifact', testSet, sampling: DEFAULT_SAMPLING });
    await trial.start(testSet, second);
    await running;
    expect(requests).toHaveLength(1);
    expect(trial.testCase).toBeUndefined();
    expect(bench.results).toEqual([result]);
  });
});
