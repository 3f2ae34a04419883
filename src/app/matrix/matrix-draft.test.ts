import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../domain/run/ports';
import { DEFAULT_SAMPLING } from '../../domain/run/run';
import {
  HASH,
  makeGraded,
  makeModel,
  makeRun,
  makeSet,
  makeSetup,
  makeTiming,
} from '../../domain/testing/make-run';
import { MatrixDraft } from './matrix-draft.svelte';
import { guessPace, readPaces } from './paces';

const set = (id: string) => ({ id, title: id, language: 'en', caseCount: 10, sha256: HASH });
const artifact = (id: string, bytes: number) => ({
  id,
  format: 'gguf',
  quantization: id,
  contextTokens: 64,
  files: [{ name: 'a', bytes, url: `https://x.example/${id}` }],
});
const model = makeModel({ artifacts: [artifact('small', 1_000), artifact('large', 4_000)] });

function makeDraft(stored: readonly string[] = []) {
  return new MatrixDraft({
    choices: {
      models: [model],
      model,
      artifact: model.artifacts[0],
      sets: [set('x'), set('y')],
      setId: 'x',
      sampling: DEFAULT_SAMPLING,
    },
    cached: {
      files: stored.map((source) => ({
        fileId: source,
        source,
        name: 'a',
        bytes: 1,
        storedAt: 0,
        isWhole: true,
      })),
    },
    speed: { report: undefined },
  });
}

describe('MatrixDraft', () => {
  it('begins with what is chosen for a run', () => {
    const draft = makeDraft();
    expect(draft.models.map(({ artifactId }) => artifactId)).toEqual(['small']);
    expect(draft.sets.map(({ id }) => id)).toEqual(['x']);
    expect(draft.isReady).toBe(true);
    draft.setArtifact('small', false);
    expect([draft.isReady, draft.artifactIds]).toEqual([false, []]);
  });

  it('draws the bill of what is ticked', () => {
    const draft = makeDraft(['https://x.example/small']);
    draft.setArtifact('large', true);
    draft.setSet('y', true);
    draft.repeats = 3;
    expect(draft.bill).toMatchObject({ cases: 120, downloadBytes: 4_000, unknownPaces: 2 });
    draft.learn(new Map([['large', { caseMs: 100, from: 'runs' }]]));
    expect(draft.bill).toMatchObject({ milliseconds: 6_000, unknownPaces: 1 });
  });

  it('takes only a number of repeats that a matrix has', () => {
    const draft = makeDraft();
    for (const count of [0, 9, 1.5, NaN]) draft.repeats = count;
    expect(draft.repeats).toBe(1);
  });
});

describe('readPaces', () => {
  it('takes the mean time of the newest run of an artifact that has answers', async () => {
    const run = (id: string) =>
      makeRun({ id, setup: makeSetup({ artifact: { id: 'small', quantization: 'q', sha256: HASH } }) });
    const record = (id: string, times: readonly number[]): RunRecord => ({
      run: run(id),
      testSet: makeSet(['a', 'b']),
      results: times.map((totalMs) => makeGraded({ timing: makeTiming({ totalMs }) })),
    });
    const records = [record('empty', []), record('new', [100, 300]), record('old', [900])];
    const summaries = records.map(({ run: of, results }) => ({
      run: of,
      passed: 0,
      graded: results.length,
      finished: results.length,
    }));
    const paces = await readPaces(['small', 'other'], summaries, (id) =>
      Promise.resolve(records.find((each) => each.run.id === id)),
    );
    expect([...paces]).toEqual([['small', { caseMs: 200, from: 'runs' }]]);
  });
});

describe('guessPace', () => {
  const entry = { model, artifactId: 'large' };

  it('scales the fastest engine that was measured by the size of the weights', () => {
    const measured = (decode: number) => ({
      engineId: `e${decode}`,
      engineLabel: 'e',
      backend: 'wasm' as const,
      engineVersion: '1',
      threads: 1,
      promptTokens: 10,
      answerTokens: 10,
      loadMs: 1,
      firstTokenMs: [1],
      prefillTokensPerSecond: [100],
      decodeTokensPerSecond: [decode],
    });
    const report = {
      version: 1 as const,
      startedAt: 0,
      end: 'finished' as const,
      plan: 'quick' as const,
      contextTokens: 64,
      model: { id: 'm', name: 'm', parameters: 1 },
      artifact: { id: 'a', quantization: 'q', sha256: '', bytes: 2_000 },
      device: { logicalCores: 1, crossOriginIsolated: true },
      roofline: null,
      entries: [measured(5), measured(10)],
    };
    // One second to read and two to write, for weights of half the size.
    expect(guessPace(entry, report, 20)).toEqual({ caseMs: 6_000, from: 'speed' });
    expect(guessPace(entry, { ...report, entries: [] }, 20)).toBeUndefined();
    expect(guessPace(entry, undefined, 20)).toBeUndefined();
  });
});
