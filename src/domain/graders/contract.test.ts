import fc from 'fast-check';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseTestSet, type GraderSpec } from '../sets/test-set';
import { FIXED_RUNS, HANG_MS } from '../testing/hostile';
import { checkSpec, gradeAnswer, graderRegistry } from './registry';
import { context, expectSound, specsOf, testCase } from './testing/samples';

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

      it(
        'meets junk options with bad-input and nothing else',
        () => {
          fc.assert(
            fc.property(junk, (options) => {
              try {
                checkSpec({ ...options, type: id });
              } catch (error) {
                expect(error).toMatchObject({ fault: { kind: 'bad-input' } });
              }
            }),
            FIXED_RUNS,
          );
        },
        HANG_MS,
      );

      it(
        'grades by junk options, where it takes them',
        async () => {
          await fc.assert(
            fc.asyncProperty(junk, fc.string(), async (options, answer) => {
              const spec: GraderSpec = { ...options, type: id };
              const { outcomes } = await gradeAnswer(answer, testCase(spec), context);
              for (const { verdict } of outcomes) expectSound(verdict);
            }),
            FIXED_RUNS,
          );
        },
        HANG_MS,
      );

      it('says "not run" in the registry when its options are wrong', async () => {
        const { status } = await gradeAnswer('12', testCase({ type: id, vlaue: 'misspelt' }));
        expect(status).toBe('not-run');
      });

      it('is not run, or runs, without anything from outside', async () => {
        for (const spec of specsOf(grader)) expectSound(await grader.grade('12', spec, testCase(spec)));
      });

      it(
        'grades any answer, and its opposite',
        async () => {
          const answers = fc.oneof(answerPieces, fc.string({ unit: 'binary', maxLength: 100 }));
          await fc.assert(
            fc.asyncProperty(answers, fc.constantFrom(...specsOf(grader)), async (answer, spec) => {
              const outcome = await grader.grade(answer, spec, testCase(spec), context);
              expectSound(outcome);
              if ('notRun' in outcome) return;
              const opposite = grader.negate(outcome, spec);
              expectSound(opposite);
              if (opposite.reason.code !== 'script-error') expect(opposite.pass).toBe(!outcome.pass);
            }),
            FIXED_RUNS,
          );
        },
        HANG_MS,
      );

      it(
        'grades an answer the same way every time',
        async () => {
          await fc.assert(
            fc.asyncProperty(answerPieces, fc.constantFrom(...specsOf(grader)), async (answer, spec) => {
              const outcome = await grader.grade(answer, spec, testCase(spec), context);
              expect(await grader.grade(answer, spec, testCase(spec), context)).toEqual(outcome);
            }),
            FIXED_RUNS,
          );
        },
        HANG_MS,
      );
    },
  );
});
