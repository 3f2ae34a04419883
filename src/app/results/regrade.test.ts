import { describe, expect, it } from 'vitest';
import { gradeAnswer } from '../../domain/graders/registry';
import type { RunRecord } from '../../domain/run/ports';
import type { GradedResult } from '../../domain/run/run';
import type { EngineClient } from '../../worker/client';
import { makeFailed, makeGraded, makeRun, makeSet } from '../../domain/testing/make-run';
import { Regrade } from './regrade.svelte';

const setOf = (value: string) => makeSet(['a', 'b'], () => ({ graders: [{ type: 'icontains', value }] }));
const answered = (caseId: string, answer: string, status: GradedResult['status']) =>
  makeGraded({ caseId, answer, status });
const record: RunRecord = {
  run: makeRun(),
  testSet: setOf('x'),
  results: [
    answered('a', 'four', 'fail'),
    answered('b', 'five', 'fail'),
    answered('gone', 'four', 'pass'),
    makeFailed({ caseId: 'b', fault: { kind: 'stopped' } }),
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
    await regrade.start('run', setOf('four'));
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
    const setBy = (scoring: string) =>
      makeSet(['a'], () => ({
        choices: ['no', 'a much longer choice'],
        graders: [{ type: 'multiple-choice', value: 1, scoring }],
      }));
    const regrade = new Regrade({
      client: { gradeAnswers },
      findRun: () => Promise.resolve({ ...record, results }),
    });
    await regrade.start('run', setBy('acc_norm'));
    expect(regrade.done?.after).toEqual({ pass: 1, fail: 0, notRun: 0 });
    await regrade.start('run', setBy('acc'));
    expect(regrade.done?.after).toEqual({ pass: 0, fail: 1, notRun: 0 });
  });

  it('says when the worker cannot', async () => {
    const regrade = new Regrade({
      client: { gradeAnswers: () => Promise.reject(new Error('gone')) },
      findRun: () => Promise.resolve(record),
    });
    await regrade.start('run', setOf('four'));
    expect(regrade.fault).toMatchObject({ detail: 'gone' });
    expect(regrade.done).toBeUndefined();
  });
});
