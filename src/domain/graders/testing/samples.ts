import { expect } from 'vitest';
import type { GraderSpec } from '../../sets/test-set';
import type { GradeContext, GradeOutcome, Grader } from '../grader';
import { nodePorts } from './node-ports';

/** Specs that must be accepted; a grader without one fails the contract. */
const samples: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  equals: [
    { value: 'Anna' },
    { value: '12', ignoreCase: true, ignorePunctuation: true, weight: 2 },
    { value: { a: [1, null] } },
  ],
  contains: [{ value: 'Anna' }, { value: 12 }],
  icontains: [{ value: 'anna' }],
  'contains-all': [{ value: ['a', 1] }, { value: 'a, "b, c"' }],
  'contains-any': [{ value: ['a', 1] }, { value: 'a, "b, c"' }],
  'icontains-all': [{ value: ['a', 1] }, { value: 'a, "b, c"' }],
  'icontains-any': [{ value: ['a', 1] }, { value: 'a, "b, c"' }],
  'exact-match': [
    { value: 'Anna' },
    { value: ['12', 'twenty'], ignoreCase: true, ignorePunctuation: true, ignoreNumbers: true, weight: 2 },
    {
      value: 'a',
      ignore: ['\\s+'],
      filters: [
        { function: 'regex', pattern: '(?i)answer: (\\w)|(b)', match: -1, fallback: 'x' },
        { function: 'remove_whitespace' },
        { function: 'uppercase' },
        { function: 'lowercase' },
        { function: 'map', entries: { a: 'b' }, otherwise: 'a' },
      ],
    },
    {
      value: '(A)',
      filters: [
        {
          function: 'multi_choice_regex',
          pattern: '(\\([A-Z]\\))',
          choices: ['Anna', 'Boris (B.)'],
          ignoreCase: true,
          ignorePunctuation: true,
          ignore: ['the '],
        },
      ],
    },
  ],
  'starts-with': [{ value: 'Anna' }],
  regex: [{ value: '\\d+' }, { value: '(?:a|b)c$', flags: 'i' }],
  'is-json': [{}, { value: { type: 'object', required: ['a'] } }, { value: '{"type":"number"}' }],
  'contains-json': [{}, { value: { type: 'object', required: ['a'] } }],
  'is-xml': [{}, { value: { requiredElements: ['a.b'] } }, { value: 'a.b, c' }, { value: ['a'] }],
  'contains-xml': [{}, { value: { requiredElements: ['a.b'] } }],
  'is-html': [{}],
  'contains-html': [{}],
  'word-count': [{ value: 3 }, { value: '3' }, { value: { min: 2 } }, { value: { min: 2, max: 4 } }],
  levenshtein: [{ value: 'Anna' }, { value: 'Anna and Boris', threshold: 100 }],
  'rouge-n': [{ value: "Anna doesn't like Boris." }],
  bleu: [{ value: 'Anna and Boris are here' }, { value: ['a', 'b'], threshold: 0.1 }],
  gleu: [{ value: 'Anna and Boris are here' }, { value: ['a', 'b'], threshold: 0.1 }],
  perplexity: [{}, { threshold: 2 }],
  'perplexity-score': [{}, { threshold: 0.3 }],
  latency: [{ threshold: 1_000 }, { metric: 'ms', weight: 0 }],
  'finish-reason': [{ value: 'Stop' }],
  'is-refusal': [{}],
  similar: [
    { value: 'Anna' },
    { value: ['Anna', 'Boris'], threshold: 0.9 },
    { type: 'similar:dot', value: 'Anna' },
    { type: 'similar:euclidean', value: ['Anna', 'Boris'], threshold: 3.5 },
  ],
  javascript: [
    { value: 'output.length > 3' },
    {
      value: 'const n = output.length; ({ pass: n > 3, score: 1 / (1 + n), reason: "length" })',
      threshold: 1,
    },
  ],
  'llm-rubric': [{ value: 'is polite' }],
  number: [{ value: 12 }, { value: '3/4', tolerance: 0.1, relativeTolerance: 0.1, weight: 0 }],
  choice: [
    { value: 'B' },
    { value: 'A', options: ['A', 'B', 'C'] },
    { value: 'Anna', options: ['Anna', { text: 'Boris', aliases: ['no', 'да'] }] },
  ],
  abstain: [{ weight: 1 }],
  assignment: [
    { value: { Anna: 'red', Boris: 'blue' }, aliases: { Anna: ['A'] } },
    { value: { 1: { owner: 'Anna', pet: 'cat' }, 12: { owner: 'Boris', pet: 'dog' } } },
  ],
  entailment: [
    { value: 'true' },
    { value: 'unknown', twoValued: false },
    { value: 'false', twoValued: true },
  ],
  'logic-equivalence': [{ value: 'a -> b' }, { value: '¬(A ∧ B) ∨ one' }],
  'multiple-choice': [
    { value: 1 },
    { value: 'green', metric: 'acc_norm', chat: true },
    { value: 'A', metric: 'brier' },
  ],
  loglikelihood: [
    {},
    { scoring: 'perplexity', metric: 'perplexity', weight: 0 },
    { scoring: 'bits_per_byte' },
  ],
  'self-consistency': [{}, { weight: 2 }],
  ordering: [{ value: ['Anna', 'Boris', { text: '12', aliases: ['one'] }], sign: '<' }],
  set: [{ value: ['Anna', 'Boris'] }, { value: [], options: ['Anna', { text: 'Boris', aliases: ['да'] }] }],
  solver: [
    {
      variables: { Anna: { from: 1, to: 12 }, Boris: [1, 12, 'one'] },
      constraints: ['Anna == 12', 'Boris == 1'],
    },
  ],
};

/** Everything that a grader can ask for. */
export const context: GradeContext = {
  finish: 'stop',
  totalMs: 1_200,
  logprobs: [-0.1, -2],
  votes: [{ kind: 'right' }, { kind: 'wrong', found: 'a'.repeat(200) }, { kind: 'none' }],
  ...nodePorts,
  embed: (texts) =>
    Promise.resolve(texts.map((text) => Float32Array.of(text.length, 1, text.charCodeAt(0) || 0))),
  judge: (question) => Promise.resolve(question.length % 2 === 0 ? 'A' : 'B, as A is wrong'),
};

export const testCase = (spec: GraderSpec) => ({
  id: 'case',
  prompt: '?',
  choices: ['red', 'blue', 'green'],
  graders: [spec],
  tags: [],
});

export function specsOf(grader: Grader): readonly GraderSpec[] {
  return (samples[grader.id] ?? []).map((options) => ({ type: grader.id, ...options }));
}

export function expectSound(outcome: GradeOutcome): void {
  const reason = 'notRun' in outcome ? outcome.notRun : outcome.reason;
  if (!('notRun' in outcome)) {
    expect(outcome.score).toBeGreaterThanOrEqual(0);
    expect(outcome.score).toBeLessThanOrEqual(1);
    if (reason.code !== 'self-judged') expect(outcome.pass).toBe(reason.code === 'matched');
  }
  for (const shown of [reason.expected, reason.found]) {
    if (shown !== undefined) expect(shown.length).toBeLessThanOrEqual(100);
  }
}
