import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodePorts } from '../graders/testing/node-ports';
import { graderRegistry } from '../graders/registry';
import { parseTestSetJson, type Case, type GraderSpec } from '../sets/test-set';
import { writeAsScript } from './promptfoo-script';

const answers = JSON.parse(
  readFileSync(new URL('../sets/bundled-sets.answers.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, { good: string[]; bad: string[] }>>;

async function runAssertion(spec: GraderSpec, testCase: Case, answer: string): Promise<unknown> {
  const script = writeAsScript(spec, testCase);
  const reply = await nodePorts.runScript(String(script?.['value']), answer, {});
  if (!reply.ok) throw new Error(reply.detail);
  return reply.value;
}
const caseOf = (spec: GraderSpec, choices?: string[]): Case => ({
  id: 'c',
  prompt: '?',
  graders: [spec],
  tags: [],
  ...(choices !== undefined && { choices }),
});

describe('graders as code for promptfoo', () => {
  it.each(['logic-en', 'logic-ru'])('judge answers to %s much as ours do', async (id) => {
    const { cases } = parseTestSetJson(readFileSync(`public/sets/${id}.json`, 'utf8'));
    let [agreed, all] = [0, 0];
    for (const testCase of cases) {
      const [spec] = testCase.graders;
      const tried = answers[id]?.[testCase.id];
      if (spec === undefined || tried === undefined) continue;
      for (const [kind, texts] of Object.entries(tried)) {
        for (const text of texts) {
          all++;
          if ((await runAssertion(spec, testCase, text)) === (kind === 'good')) agreed++;
        }
      }
      // The plain ones are never wrong.
      expect(await runAssertion(spec, testCase, tried.good[0] ?? '')).toBe(true);
      expect(await runAssertion(spec, testCase, tried.bad[0] ?? '')).toBe(false);
    }
    expect(agreed / all).toBeGreaterThan(0.8);
  });

  it.each<[GraderSpec, string, boolean, string[]?]>([
    [{ type: 'choice', value: 'B' }, 'A is wrong. The answer is B.', true, ['red', 'blue']],
    [{ type: 'choice', value: 'B' }, '(A)', false, ['red', 'blue']],
    [{ type: 'choice', value: 'blue' }, 'It is **blue**', true, ['red', 'blue']],
    [{ type: 'choice', value: 'red' }, 'red or bluered blue', false, ['red', 'blue']],
    [{ type: 'multiple-choice', value: 1 }, 'blue', true, ['red', 'blue']],
    [{ type: 'number', value: 1234.5 }, 'It is 1,234.5 in all.', true],
    [{ type: 'number', value: '3/4' }, 'x = 0.75', true],
    [{ type: 'number', value: 10, tolerance: 1 }, 'about 11', true],
    [{ type: 'number', value: 10, relativeTolerance: 0.05 }, 'about 11', false],
    [{ type: 'number', value: -3 }, '−3', true],
    [{ type: 'number', value: 7 }, 'none', false],
    [{ type: 'entailment', value: 'false' }, 'That is not true.', true],
    [{ type: 'entailment', value: 'unknown' }, 'Это неизвестно', true],
    [
      { type: 'ordering', value: ['Anna', { text: 'Boris', aliases: ['Bob'] }, 'Clara'] },
      'Anna, Bob, Clara',
      true,
    ],
    [{ type: 'ordering', value: ['Anna', 'Boris'] }, 'Boris, Anna', false],
    [{ type: 'set', value: ['red', 'blue'], options: ['red', 'blue', 'green'] }, 'blue and red', true],
    [{ type: 'set', value: ['red', 'blue'], options: ['red', 'blue', 'green'] }, 'blue, red, green', false],
    [{ type: 'abstain' }, "I don't know.", true],
    [{ type: 'equals', value: 'Yes!', ignoreCase: true, ignorePunctuation: true }, ' yes ', true],
    [{ type: 'regex', value: '^YES "x"$', flags: 'i' }, 'yes "x"', true],
  ])('%j of %j: %s', async (spec, answer, passes, choices) => {
    expect(await runAssertion(spec, caseOf(spec, choices), answer)).toBe(passes);
    const script = writeAsScript(
      { ...spec, type: `not-${spec.type}`, weight: 2, metric: 'm' },
      caseOf(spec, choices),
    );
    expect(script).toMatchObject({ type: 'not-javascript', weight: 2, metric: 'm' });
  });

  it.each(['solver', 'assignment', 'logic-equivalence'])('never let %s pass unseen', async (type) => {
    expect(await runAssertion({ type }, caseOf({ type }), 'x')).toMatchObject({
      pass: false,
      reason: expect.stringContaining('only') as string,
    });
    expect(writeAsScript({ type: `not-${type}` }, caseOf({ type }))).toMatchObject({ type: 'javascript' });
  });

  it('leave every type alone that promptfoo has', () => {
    const own = [...graderRegistry.keys()].filter(
      (type) => writeAsScript({ type }, caseOf({ type })) !== undefined,
    );
    expect(own.sort()).toEqual(
      [
        ...['abstain', 'assignment', 'choice', 'entailment', 'logic-equivalence', 'multiple-choice'],
        ...['number', 'ordering', 'self-consistency', 'set', 'solver'],
      ].sort(),
    );
  });
});
