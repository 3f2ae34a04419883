import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING, type GradedResult, type Result, type Run } from '../../domain/run/run';
import { shareRun } from '../../domain/sharing/share-link';
import { scoreResults, scoreShared, withInterval } from './score';

const graded = (status: GradedResult['status'], index: number): Result => ({
  kind: 'graded',
  caseId: `case-${index}`,
  prompt: '?',
  answer: '!',
  finish: 'stop',
  status,
  score: 1,
  outcomes: [],
  timing: {
    promptTokens: 40,
    cachedTokens: 0,
    answerTokens: 10 + index,
    firstTokenMs: 100 + index,
    totalMs: 300,
    prefillMs: 90,
    decodeMs: 200 + index,
  },
});
const failed = (index: number): Result => ({
  kind: 'failed',
  caseId: `case-${index}`,
  prompt: '?',
  answer: '',
  fault: { kind: 'engine', detail: 'gone' },
});

const HASH = 'a'.repeat(64);
const run: Run = {
  id: 'run',
  startedAt: 1,
  device: { userAgent: 'agent', logicalCores: 8, crossOriginIsolated: true },
  setup: {
    model: { id: 'model', name: 'Model' },
    artifact: { id: 'artifact', quantization: 'Q4_1', sha256: HASH },
    session: { engineId: 'engine', engineVersion: '1', backend: 'wasm', threads: 4, contextTokens: 2048 },
    templateSha256: HASH,
    set: { id: 'set', title: 'Set', language: 'en', sha256: HASH, caseCount: 24 },
    sampling: DEFAULT_SAMPLING,
  },
};

describe('scoreResults', () => {
  it('gives the interval of passed in graded', () => {
    const results = [
      ...Array.from({ length: 17 }, (_, index) => graded('pass', index)),
      ...Array.from({ length: 3 }, (_, index) => graded('fail', 17 + index)),
      graded('not-run', 20),
      failed(21),
    ];
    const { passed, graded: total, interval } = scoreResults(results);
    expect({ passed, total }).toEqual({ passed: 17, total: 20 });
    expect((interval?.low ?? 0) * 100).toBeCloseTo(64.0, 1);
    expect((interval?.high ?? 0) * 100).toBeCloseTo(94.8, 1);
  });

  it('has no interval before anything was graded', () => {
    expect(scoreResults([])).not.toHaveProperty('interval');
    expect(scoreResults([graded('not-run', 0), failed(1)])).not.toHaveProperty('interval');
  });
});

describe('scoreShared', () => {
  it.each<[what: string, results: readonly Result[]]>([
    ['nothing', []],
    ['only failures', [failed(0), failed(1)]],
    [
      'everything',
      [graded('pass', 0), graded('fail', 1), graded('not-run', 2), failed(3), graded('pass', 4)],
    ],
  ])('says of a link what the page said of the run: %s', (_what, results) => {
    expect(scoreShared(shareRun(run, results, 100).results)).toEqual(scoreResults(results));
  });
});

describe('withInterval', () => {
  it('keeps what it was given', () => {
    expect(withInterval({ passed: 0, graded: 0, finished: 3 })).toEqual({
      passed: 0,
      graded: 0,
      finished: 3,
    });
    expect(withInterval({ passed: 5, graded: 5, finished: 5 })).toMatchObject({
      finished: 5,
      interval: { high: 1 },
    });
  });
});
