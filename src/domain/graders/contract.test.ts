import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseTestSet, type GraderSpec } from '../test-set';
import type { Grader, Verdict } from './grader';
import { gradeAnswer, graderRegistry } from './registry';

/** Specs that must be accepted; a grader without one fails the contract. */
const samples: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  equals: [{ value: 'Anna' }, { value: '12', ignoreCase: true, ignorePunctuation: true, weight: 2 }],
  contains: [{ value: 'Anna' }, { value: ['a', 'b'], ignoreCase: true }],
  regex: [{ value: '\\d+' }, { value: '(?:a|b)c$', flags: 'i' }],
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
  ordering: [{ value: ['Anna', 'Boris', { text: '12', aliases: ['one'] }], sign: '<' }],
  set: [{ value: ['Anna', 'Boris'] }, { value: [], options: ['Anna', { text: 'Boris', aliases: ['да'] }] }],
  solver: [
    {
      variables: { Anna: { from: 1, to: 12 }, Boris: [1, 12, 'one'] },
      constraints: ['Anna == 12', 'Boris == 1'],
    },
  ],
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

function expectSound(verdict: Verdict): void {
  expect(verdict.score).toBeGreaterThanOrEqual(0);
  expect(verdict.score).toBeLessThanOrEqual(1);
  expect(verdict.pass).toBe(verdict.reason.code === 'matched');
  for (const shown of [verdict.reason.expected, verdict.reason.found]) {
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
      ),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    ),
    { maxLength: 40 },
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
            expect(() => grader.check(each)).not.toThrow();
          }
        }
      });

      it('refuses options that it does not know', () => {
        for (const spec of specsOf(grader)) {
          expect(() => grader.check({ ...spec, vlaue: 'misspelt' })).toThrow(FaultError);
        }
      });

      it('meets junk options with bad-input and nothing else', () => {
        const keys = [...new Set(specsOf(grader).flatMap((spec) => Object.keys(spec)))].filter(
          (key) => key !== 'type',
        );
        const junk = fc.oneof(
          fc.dictionary(fc.constantFrom(...keys), fc.anything()),
          fc.dictionary(fc.string(), fc.anything(), { noNullPrototype: true }),
          fc.record({
            value: fc.oneof(fc.string(), fc.double(), fc.array(fc.string())),
            options: fc.anything(),
          }),
        );
        fc.assert(
          fc.property(junk, fc.string(), (options, answer) => {
            const spec: GraderSpec = { ...options, type: id };
            try {
              grader.check(spec);
              expectSound(grader.grade(answer, spec, testCase(spec)));
            } catch (error) {
              expect(error).toBeInstanceOf(FaultError);
              expect(error).toMatchObject({ fault: { kind: 'bad-input' } });
            }
          }),
          { numRuns: 500 },
        );
      });

      it('says "not run" in the registry when its options are wrong', () => {
        const { status } = gradeAnswer('12', testCase({ type: id, vlaue: 'misspelt' }));
        expect(status).toBe('not-run');
      });

      it('grades any answer', () => {
        const answers = fc.oneof(answerPieces, fc.string({ unit: 'binary', maxLength: 200 }));
        fc.assert(
          fc.property(answers, fc.constantFrom(...specsOf(grader)), (answer, spec) => {
            expectSound(grader.grade(answer, spec, testCase(spec)));
            expect(grader.grade(answer, spec, testCase(spec))).toEqual(
              grader.grade(answer, spec, testCase(spec)),
            );
          }),
          { numRuns: 500 },
        );
      });

      it('grades 100 kB in less than a second', () => {
        for (const piece of hugePieces) {
          const answer = piece.repeat(Math.ceil(100_000 / piece.length));
          for (const spec of specsOf(grader)) {
            const startedAt = performance.now();
            expectSound(grader.grade(answer, spec, testCase(spec)));
            expect(
              performance.now() - startedAt,
              `${JSON.stringify(piece)} for ${JSON.stringify(spec)}`,
            ).toBeLessThan(1000);
          }
        }
      }, 30_000);
    },
  );
});
