import { describe, expect, it } from 'vitest';
import { gradeAnswer } from '../../domain/graders/registry';
import type { RunRecord } from '../../domain/run/ports';
import { DEFAULT_SAMPLING, type GradedResult, type Run } from '../../domain/run/run';
import { parseTestSet } from '../../domain/sets/test-set';
import type { EngineClient } from '../../worker/client';
import { Regrade } from './regrade.svelte';

const HASH = 'a'.repeat(64);
const makeSet = (value: string) =>
  parseTestSet({
    id: 'set',
    title: 'Set',
    language: 'en',
    licence: 'x',
    cases: ['a', 'b'].map((id) => ({ id, prompt: '?', graders: [{ type: 'icontains', value }] })),
  });
const run: Run = {
  id: 'run',
  startedAt: 1,
  device: { userAgent: 'agent', logicalCores: 1, crossOriginIsolated: true },
  setup: {
    model: { id: 'm', name: 'M' },
    artifact: { id: 'a', quantization: 'Q4_0', sha256: HASH },
    session: { engineId: 'e', engineVersion: '1', backend: 'wasm', threads: 1, contextTokens: 1 },
    templateSha256: HASH,
    set: { id: 'set', title: 'Set', language: 'en', sha256: HASH, caseCount: 2 },
    sampling: DEFAULT_SAMPLING,
  },
};
const answered = (caseId: string, answer: string, status: GradedResult['status']): GradedResult => ({
  kind: 'graded',
  caseId,
  prompt: '?',
  answer,
  finish: 'stop',
  status,
  score: 0,
  outcomes: [],
  timing: {
    promptTokens: 1,
    cachedTokens: 0,
    answerTokens: 1,
    firstTokenMs: 1,
    totalMs: 1,
    prefillMs: 1,
    decodeMs: 1,
  },
});
const record: RunRecord = {
  run,
  testSet: makeSet('x'),
  results: [
    answered('a', 'four', 'fail'),
    answered('b', 'five', 'fail'),
    answered('gone', 'four', 'pass'),
    { kind: 'failed', caseId: 'b', prompt: '?', answer: '', fault: { kind: 'stopped' } },
  ],
};

/** What the worker does, less the worker. */
const gradeAnswers: EngineClient['gradeAnswers'] = ({ testSet, answers }) =>
  Promise.all(
    answers.flatMap(({ caseId, answer }) => {
      const testCase = testSet.cases.find(({ id }) => id === caseId);
      return testCase === undefined
        ? []
        : [gradeAnswer(answer, testCase).then((grade) => ({ caseId, grade }))];
    }),
  );

describe('Regrade', () => {
  it('counts before and after, and shows what changed', async () => {
    const regrade = new Regrade({ client: { gradeAnswers }, findRun: () => Promise.resolve(record) });
    await regrade.start('run', makeSet('four'));
    expect(regrade.done).toEqual({
      runId: 'run',
      before: { pass: 0, fail: 2, notRun: 0 },
      after: { pass: 1, fail: 1, notRun: 0 },
      leftOut: 1,
      changes: [{ caseId: 'a', answer: 'four', before: 'fail', after: 'pass' }],
    });
    expect(regrade.busy).toBe(false);
  });

  it('says when the worker cannot', async () => {
    const regrade = new Regrade({
      client: { gradeAnswers: () => Promise.reject(new Error('gone')) },
      findRun: () => Promise.resolve(record),
    });
    await regrade.start('run', makeSet('four'));
    expect(regrade.fault).toMatchObject({ detail: 'gone' });
    expect(regrade.done).toBeUndefined();
  });
});
