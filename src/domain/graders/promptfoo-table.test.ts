import { describe, expect, it } from 'vitest';
import type { Case } from '../sets/test-set';
import type { GraderPorts } from './grader';
import { promptfooTable } from './testing/promptfoo-table';
import { findGrader, gradeAnswer, gradeAnswers } from './registry';
import { nodePorts } from './testing/node-ports';

/** Counts of letters: alike in meaning is alike in spelling. */
function countLetters(text: string): Float32Array {
  const counts = new Float32Array(26);
  for (const letter of text) {
    const index = letter.charCodeAt(0) - 97;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

const ports: GraderPorts = {
  ...nodePorts,
  embed: (texts) => Promise.resolve(texts.map(countLetters)),
};

describe('promptfoo', () => {
  it('has a table of at least 300 cases, none twice', () => {
    expect(promptfooTable.length).toBeGreaterThanOrEqual(300);
    expect(new Set(promptfooTable.map((row) => JSON.stringify(row))).size).toBe(promptfooTable.length);
  });

  it.each(
    promptfooTable.map(([type, value, output, passes, more = {}]) => ({ type, value, output, passes, more })),
  )('$type $value of $output: $passes $more', async ({ type, value, output, passes, more }) => {
    const { threshold, score, facts } = more;
    expect(findGrader(type)).toBeDefined();
    const spec = {
      type,
      ...(value !== undefined && { value }),
      ...(threshold !== undefined && { threshold }),
    };
    const testCase: Case = {
      id: 'case',
      prompt: '?',
      graders: [spec],
      tags: [],
      variables: { topic: 'cats' },
    };
    const grade = await gradeAnswer(output, testCase, { ...facts, ...ports });
    expect(grade).toMatchObject({ status: passes ? 'pass' : 'fail' });
    if (score !== undefined) expect(grade.score).toBeCloseTo(score, 5);
  });
});

const pass = { type: 'equals', value: 'x' };
const fail = { type: 'equals', value: 'y' };
const unknown = { type: 'python', value: 'True' };
const grade = (graders: Case['graders'], more: Partial<Case> = {}) =>
  gradeAnswer('x', { id: 'case', prompt: '?', graders, tags: [], ...more }, ports);

describe('several graders', () => {
  it.each<[string, Case['graders'], number | undefined, object]>([
    ['all have to pass', [pass, pass], undefined, { status: 'pass', score: 1 }],
    ['one that fails fails', [pass, fail], undefined, { status: 'fail', score: 0.5 }],
    ['scores are weighted', [{ ...pass, weight: 3 }, fail], undefined, { status: 'fail', score: 0.75 }],
    ['a threshold decides instead', [pass, fail], 0.5, { status: 'pass', score: 0.5 }],
    ['a threshold can be missed', [pass, fail], 0.6, { status: 'fail', score: 0.5 }],
    ['a threshold of 0 never fails', [fail], 0, { status: 'pass', score: 0 }],
    ['weight 0 only records', [pass, { ...fail, weight: 0 }], undefined, { status: 'pass', score: 1 }],
    ['nothing that counts is no pass', [{ ...pass, weight: 0 }], undefined, { status: 'not-run', score: 0 }],
    ['an unknown type never passes', [pass, unknown], undefined, { status: 'not-run' }],
    ['an unknown type never passes by a threshold', [pass, unknown], 0.5, { status: 'not-run' }],
    [
      'an unknown type of weight 0 is no matter',
      [pass, { ...unknown, weight: 0 }],
      undefined,
      { status: 'pass' },
    ],
    [
      'not- of an unknown type is unknown',
      [{ ...unknown, type: 'not-python' }],
      undefined,
      { status: 'not-run' },
    ],
    ['not-not- is nothing', [{ ...pass, type: 'not-not-equals' }], undefined, { status: 'not-run' }],
  ])('%s', async (_what, graders, threshold, expected) => {
    expect(await grade(graders, threshold === undefined ? {} : { threshold })).toMatchObject(expected);
  });

  it.each<[string, object, object]>([
    ['needs all', { assert: [pass, fail] }, { status: 'fail', score: 0.5 }],
    ['passes with all', { assert: [pass, pass] }, { status: 'pass', score: 1 }],
    ['passes by its threshold', { assert: [pass, fail], threshold: 0.5 }, { status: 'pass', score: 0.5 }],
    [
      'misses its threshold',
      { assert: [pass, fail, fail], threshold: 0.5 },
      { status: 'fail', score: 1 / 3 },
    ],
    [
      'weighs its parts',
      { assert: [{ ...pass, weight: 3 }, fail], threshold: 0.7 },
      { status: 'pass', score: 0.75 },
    ],
    ['is not run with a part that is not', { assert: [pass, unknown] }, { status: 'not-run' }],
    ['is not run empty', { assert: [] }, { status: 'not-run' }],
    ['does not nest', { assert: [{ type: 'assert-set', assert: [pass] }] }, { status: 'not-run' }],
  ])('assert-set %s', async (_what, options, expected) => {
    expect(await grade([{ type: 'assert-set', ...options }])).toMatchObject(expected);
  });

  it('counts a set as one, by its weight', async () => {
    const set = { type: 'assert-set', assert: [pass, fail], threshold: 0.5, weight: 2 };
    expect(await grade([set, fail], { threshold: 0.3 })).toMatchObject({ status: 'pass', score: 1 / 3 });
  });

  it('keeps the verdicts of a set, and says why it failed', async () => {
    const { outcomes } = await grade([{ type: 'assert-set', assert: [pass, fail] }]);
    expect(outcomes).toMatchObject([
      {
        type: 'assert-set',
        verdict: { pass: false, reason: { code: 'different', expected: 'y' } },
        parts: [{ verdict: { pass: true } }, { verdict: { pass: false } }],
      },
    ]);
  });

  it('averages metrics by name and weight', async () => {
    const { metrics } = await grade([
      { ...pass, metric: 'a', weight: 3 },
      { ...fail, metric: 'a' },
      { ...pass, metric: 'b', weight: 0 },
      { type: 'assert-set', metric: 'c', weight: 2, assert: [{ ...fail, metric: 'a' }, pass], threshold: 0 },
      { type: 'javascript', value: '({ pass: true, score: 1, reason: "", namedScores: { d: 7 } })' },
      { type: 'latency', metric: 'ms', weight: 0 },
    ]);
    expect(metrics).toEqual({ a: 0.5, b: 1, c: 0.5, d: 7 });
    const timed = await gradeAnswer(
      'x',
      { id: 'c', prompt: '?', tags: [], graders: [pass, { type: 'latency', metric: 'ms', weight: 0 }] },
      { totalMs: 1_234 },
    );
    expect(timed).toMatchObject({ status: 'pass', metrics: { ms: 1_234 } });
  });
});

describe('what is missing', () => {
  it.each<[Case['graders'][number], object]>([
    [
      { type: 'regex', value: 'x' },
      { code: 'not-available', expected: 'regex' },
    ],
    [{ type: 'not-regex', value: 'x' }, { code: 'not-available' }],
    [
      { type: 'is-json', value: { type: 'number' } },
      { code: 'not-available', expected: 'JSON schema' },
    ],
    [
      { type: 'similar', value: 'x' },
      { code: 'not-available', expected: 'embeddings' },
    ],
    [{ type: 'javascript', value: 'true' }, { code: 'not-allowed' }],
    [{ type: 'perplexity' }, { code: 'not-measured', expected: 'logprobs' }],
    [{ type: 'perplexity-score' }, { code: 'not-measured', expected: 'logprobs' }],
    [
      { type: 'latency', threshold: 1 },
      { code: 'not-measured', expected: 'latency' },
    ],
    [
      { type: 'finish-reason', value: 'stop' },
      { code: 'not-measured', expected: 'finish reason' },
    ],
    [{ type: 'not-latency' }, { code: 'bad-options' }],
    [
      { type: 'python', value: 'True' },
      { code: 'not-available', expected: 'Python' },
    ],
    [
      { type: 'not-meteor', value: 'x' },
      { code: 'not-available', expected: 'WordNet' },
    ],
    [
      { type: 'webhook', value: 'x' },
      { code: 'unknown-grader', expected: 'webhook' },
    ],
    [
      { type: 'regex', value: '(' },
      { code: 'bad-options', expected: 'regex' },
    ],
    [
      { type: 'contains', value: 'x', transform: 'output.trim()' },
      { code: 'not-allowed', expected: 'transform' },
    ],
    [{ type: 'contains', value: 'x', transform: 5 }, { code: 'bad-options' }],
  ])('%j says so', async (spec, notRun) => {
    const { status, outcomes } = await gradeAnswer('1', { id: 'c', prompt: '?', graders: [spec], tags: [] });
    expect(status).toBe('not-run');
    expect(outcomes[0]?.verdict).toMatchObject({ notRun });
  });

  it('says that a schema cannot be read, or takes too long', async () => {
    const { outcomes } = await grade([{ type: 'contains-json', value: { $ref: '#/nowhere' } }]);
    expect(outcomes[0]?.verdict).toMatchObject({ reason: { code: 'malformed' } });
    const spec = { type: 'is-json', value: { $ref: '#/nowhere' } };
    const bad = await gradeAnswer('1', { id: 'c', prompt: '?', graders: [spec], tags: [] }, ports);
    expect(bad.outcomes[0]?.verdict).toMatchObject({ notRun: { code: 'bad-options' } });
  });
});

describe('llm-rubric', () => {
  const judged = async (judge: NonNullable<GraderPorts['judge']>, type = 'llm-rubric') => {
    const graders = [{ type, value: 'is polite', metric: 'polite' }, pass];
    return gradeAnswer('x', { id: 'c', prompt: 'Who?', graders, tags: [] }, { judge });
  };
  const fair = (opinion: 'yes' | 'no') => (question: string) =>
    Promise.resolve(`${new RegExp(`([AB])\\. ${opinion}`).exec(question)?.[1] ?? '?'}.`);

  it.each([
    ['yes', 'llm-rubric', true],
    ['no', 'llm-rubric', false],
    ['yes', 'not-llm-rubric', false],
    ['no', 'not-llm-rubric', true],
  ] as const)('an opinion of %s on %s is recorded, and decides nothing', async (opinion, type, passes) => {
    const { status, score, outcomes, metrics } = await judged(fair(opinion), type);
    expect({ status, score, metrics }).toEqual({
      status: 'pass',
      score: 1,
      metrics: { polite: Number(passes) },
    });
    expect(outcomes[0]?.verdict).toMatchObject({ pass: passes, reason: { code: 'self-judged' } });
  });

  it('asks in both orders and takes no side when the answers differ', async () => {
    const asked: string[] = [];
    const { status, outcomes } = await judged((question) => {
      asked.push(question);
      return Promise.resolve('A');
    });
    expect(asked[0]).toMatch(/Who\?[^]*A\. yes\nB\. no$/);
    expect(asked[1]).toMatch(/A\. no\nB\. yes$/);
    expect(status).toBe('pass');
    expect(outcomes[0]?.verdict).toMatchObject({ notRun: { code: 'judge-undecided' } });
  });

  it.each(['', 'Yes', 'A or B', 'ABBA'])('cannot read %j', async (reply) => {
    const { outcomes } = await judged(() => Promise.resolve(reply));
    expect(outcomes[0]?.verdict).toMatchObject({ notRun: { code: 'judge-undecided' } });
  });

  it('alone is no verdict on a case', async () => {
    const testCase = {
      id: 'c',
      prompt: '?',
      graders: [{ type: 'llm-rubric', value: 'is polite' }],
      tags: [],
    };
    expect(await gradeAnswer('x', testCase, { judge: fair('yes') })).toMatchObject({ status: 'not-run' });
  });
});

describe('gradeAnswers', () => {
  it('grades as gradeAnswer does, in order, many at a time', async () => {
    const rows = promptfooTable.slice(0, 200);
    const answers = rows.map(([type, value, answer]) => ({
      answer,
      testCase: { id: 'c', prompt: '?', graders: [{ type, value }], tags: [] },
    }));
    const one = await Promise.all(
      answers.map(({ answer, testCase }) => gradeAnswer(answer, testCase, ports)),
    );
    expect(await gradeAnswers(answers, ports)).toEqual(one);
  });
});
