import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseTestSet, type GraderSpec } from '../sets/test-set';
import type { GradeContext, GradeOutcome, Grader } from './grader';
import { checkSpec, gradeAnswer, graderRegistry } from './registry';
import { cpuMs, LONGEST_MS, RUNS } from '../testing/hostile';
import { nodePorts } from './testing/node-ports';

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
const context: GradeContext = {
  finish: 'stop',
  totalMs: 1_200,
  logprobs: [-0.1, -2],
  votes: [{ kind: 'right' }, { kind: 'wrong', found: 'a'.repeat(200) }, { kind: 'none' }],
  ...nodePorts,
  embed: (texts) =>
    Promise.resolve(texts.map((text) => Float32Array.of(text.length, 1, text.charCodeAt(0) || 0))),
  judge: (question) => Promise.resolve(question.length % 2 === 0 ? 'A' : 'B, as A is wrong'),
};

const testCase = (spec: GraderSpec) => ({
  id: 'case',
  prompt: '?',
  choices: ['red', 'blue', 'green'],
  graders: [spec],
  tags: [],
});

function specsOf(grader: Grader): readonly GraderSpec[] {
  return (samples[grader.id] ?? []).map((options) => ({ type: grader.id, ...options }));
}

function expectSound(outcome: GradeOutcome): void {
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

/** Text out of the pieces that graders look for, so that their corners are reached. */
const answerPieces = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          'Anna',
          'Boris',
          'A',
          'b)',
          'В',
          '(C)',
          'not',
          'не',
          'или',
          'or',
          'no',
          'да',
          'the answer is',
          'Ответ:',
        ],
        ...[
          '\\boxed{',
          '}',
          '####',
          '**',
          '\n',
          '. ',
          ', ',
          ': ',
          '=',
          '+',
          '-',
          '\u2212',
          '/',
          '%',
          '$',
          '1.',
          '12',
        ],
        ...[
          '3,5',
          '1 234',
          '1,234',
          '12.05.2024',
          'twenty',
          'one',
          'hundred',
          'сто',
          'and a half',
          'so',
          'значит',
        ],
        ...[
          '{"a":',
          '{',
          '"',
          '}',
          '[1]',
          'null',
          '<a>',
          '<b c="d">',
          '</b>',
          '</a>',
          '<br/>',
          '<!--',
          '-->',
          '&amp;',
          'I cannot',
          'help',
          'не могу',
        ],
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    ),
    { maxLength: 24 },
  )
  .chain((pieces) => fc.constantFrom('', ' ').map((glue) => pieces.join(glue)));

const hugePieces = [
  ...[
    'a',
    'A ',
    '1',
    '1 ',
    '1,',
    '1.',
    '1 111',
    ',111',
    '1/',
    '-',
    '- 1 ',
    '= 1',
    '1 + ',
    'not ',
    'Anna ',
    "Anna's ",
  ],
  ...[
    'Anna or ',
    '**',
    '**1**',
    '**Anna** ',
    '(A) ',
    '(',
    '((',
    'answer ',
    'answer is ',
    'the answer is Anna or Boris. ',
  ],
  ...[
    'ответ: ',
    '\\boxed{',
    '\\boxed{1}',
    '\\frac{1}{',
    '####',
    ' ',
    '\n',
    '\n1. ',
    'so ',
    'so Anna ',
    'twenty ',
    'hundred ',
  ],
  ...[
    'one hundred and ',
    'не Анна, ',
    'да ',
    '…',
    '\uE000',
    '\uE000Anna\uE001',
    '\u0301',
    '💡',
    '12.05.',
    '\t \t',
  ],
  ...[
    '{',
    '{"',
    '{"a":',
    '{}',
    '[',
    '[1,',
    '"',
    '\\',
    '<',
    '<a>',
    '<a ',
    `<a '"`,
    '<a "',
    '<p><b>',
    '</a>',
    '<a/>',
  ],
  ...[
    '<!--',
    '<![CDATA[',
    '<title>',
    '<!doctype html',
    '&amp;',
    '&a',
    ' a="',
    "can't ",
    '. . .',
    "''",
    'gonna ',
  ],
  ...['i am sorry ', 'к сожалению ', 'я не могу ', 'as an ai'],
];

describe('the registry of graders', () => {
  it('has graders', () => {
    expect(graderRegistry.size).toBeGreaterThan(0);
  });

  describe.each([...graderRegistry.values()].map((grader) => [grader.id, grader] as const))(
    '%s',
    (id, grader) => {
      it('lives in the file of its name', () => {
        expect(existsSync(new URL(`${id}.ts`, import.meta.url))).toBe(true);
      });

      it('accepts its sample specs, as a test set carries them', () => {
        const specs = specsOf(grader);
        expect(specs.length).toBeGreaterThan(0);
        for (const spec of specs) {
          const set = parseTestSet({
            id: 's',
            title: 's',
            language: 'en',
            licence: 's',
            cases: [testCase(spec)],
          });
          for (const each of set.cases.flatMap(({ graders }) => graders)) {
            expect(() => {
              checkSpec(each);
              // A latency without a limit can only be recorded.
              if (each.metric === undefined) checkSpec({ ...each, type: `not-${each.type}` });
            }).not.toThrow();
          }
        }
      });

      it('refuses options that it does not know', () => {
        for (const spec of specsOf(grader)) {
          expect(() => grader.check({ ...spec, vlaue: 'misspelt' })).toThrow(FaultError);
        }
      });

      const keys = [...new Set(specsOf(grader).flatMap((spec) => Object.keys(spec)))].filter(
        (key) => key !== 'type',
      );
      const junk = fc.oneof(
        fc.dictionary(fc.constantFrom('value', 'threshold', ...keys), fc.anything()),
        fc.dictionary(fc.string({ maxLength: 8 }), fc.anything({ maxDepth: 1 }), { noNullPrototype: true }),
        fc.record({ value: fc.oneof(fc.jsonValue(), fc.string(), fc.double(), fc.array(fc.string())) }),
        // Long, and cheap to make.
        fc
          .tuple(fc.string({ minLength: 1, maxLength: 8 }), fc.integer({ min: 1_000, max: 30_000 }))
          .map(([piece, length]) => ({ value: piece.repeat(length).slice(0, length) })),
      );

      it('meets junk options with bad-input and nothing else, at once', () => {
        fc.assert(
          fc.property(junk, (options) => {
            const startedAt = cpuMs();
            try {
              checkSpec({ ...options, type: id });
            } catch (error) {
              expect(error).toMatchObject({ fault: { kind: 'bad-input' } });
            }
            expect(cpuMs() - startedAt).toBeLessThan(LONGEST_MS);
          }),
          { numRuns: RUNS },
        );
      }, 30_000);

      it('grades by junk options, where it takes them, at once', async () => {
        await fc.assert(
          fc.asyncProperty(junk, fc.string(), async (options, answer) => {
            const spec: GraderSpec = { ...options, type: id };
            const startedAt = cpuMs();
            const { outcomes } = await gradeAnswer(answer, testCase(spec), context);
            for (const { verdict } of outcomes) expectSound(verdict);
            expect(cpuMs() - startedAt).toBeLessThan(LONGEST_MS);
          }),
          { numRuns: 300 },
        );
      }, 30_000);

      it('says "not run" in the registry when its options are wrong', async () => {
        const { status } = await gradeAnswer('12', testCase({ type: id, vlaue: 'misspelt' }));
        expect(status).toBe('not-run');
      });

      it('is not run, or runs, without anything from outside', async () => {
        for (const spec of specsOf(grader)) expectSound(await grader.grade('12', spec, testCase(spec)));
      });

      it('grades any answer, and its opposite', async () => {
        const answers = fc.oneof(answerPieces, fc.string({ unit: 'binary', maxLength: 100 }));
        await fc.assert(
          fc.asyncProperty(answers, fc.constantFrom(...specsOf(grader)), async (answer, spec) => {
            const startedAt = cpuMs();
            const outcome = await grader.grade(answer, spec, testCase(spec), context);
            expect(cpuMs() - startedAt).toBeLessThan(LONGEST_MS);
            expectSound(outcome);
            if ('notRun' in outcome) return;
            const opposite = grader.negate(outcome, spec);
            expectSound(opposite);
            if (opposite.reason.code !== 'script-error') expect(opposite.pass).toBe(!outcome.pass);
          }),
          { numRuns: RUNS },
        );
      }, 60_000);

      it('grades an answer the same way every time', async () => {
        await fc.assert(
          fc.asyncProperty(answerPieces, fc.constantFrom(...specsOf(grader)), async (answer, spec) => {
            const outcome = await grader.grade(answer, spec, testCase(spec), context);
            expect(await grader.grade(answer, spec, testCase(spec), context)).toEqual(outcome);
          }),
          { numRuns: 200 },
        );
      });

      it('grades 100 kB in less than a second', async () => {
        for (const piece of hugePieces) {
          const answer = piece.repeat(Math.ceil(100_000 / piece.length));
          for (const spec of specsOf(grader)) {
            const startedAt = cpuMs();
            expectSound(await grader.grade(answer, spec, testCase(spec), context));
            expect(cpuMs() - startedAt, `${JSON.stringify(piece)} for ${JSON.stringify(spec)}`).toBeLessThan(
              LONGEST_MS,
            );
          }
        }
      }, 60_000);
    },
  );
});
