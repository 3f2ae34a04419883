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
    answers.flatMap(({ caseId, answer, facts }) => {
      const testCase = testSet.cases.find(({ id }) => id === caseId);
      return testCase === undefined
        ? []
        : [gradeAnswer(answer, testCase, facts).then((grade) => ({ caseId, grade }))];
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

  it('judges choices by the likelihoods that the run kept, not by the text of the chosen one', async () => {
    const choices = { loglikelihoods: [-2, -3], greedy: [true, false], tokens: [1, 1] };
    const results = [{ ...answered('a', 'a much longer choice', 'fail'), choices }];
    const { id, title, language, licence } = makeSet('x');
    const graders = [{ type: 'multiple-choice', value: 1, scoring: 'acc_norm' }];
    const testCase = { id: 'a', prompt: '?', choices: ['no', 'a much longer choice'], graders };
    const regrade = new Regrade({
      client: { gradeAnswers },
      findRun: () => Promise.resolve({ ...record, results }),
    });
    const one = { ...testCase, graders: [{ ...graders[0], scoring: 'acc', type: 'multiple-choice' }] };
    await regrade.start('run', parseTestSet({ id, title, language, licence, cases: [testCase] }));
    expect(regrade.done?.after).toEqual({ pass: 1, fail: 0, notRun: 0 });
    await regrade.start('run', parseTestSet({ id, title, language, licence, cases: [one] }));
    expect(regrade.done?.after).toEqual({ pass: 0, fail: 1, notRun: 0 });
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
