import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { nodePorts } from '../graders/testing/node-ports';
import { gradeAnswer } from '../graders/registry';
import { buildMessages } from '../prompt/prompt';
import { readChat } from './promptfoo/prompt';
import { importSet } from './registry';

/**
 * What promptfoo 0.123's own `evaluate` made of each configuration, for a model that always answers `output`: the prompt
 * that it keeps of each test, in its order, and how the answer was graded.
 */
const table = v.parse(
  v.array(
    v.object({
      name: v.string(),
      config: v.string(),
      output: v.string(),
      expected: v.array(v.object({ prompt: v.string(), status: v.picklist(['pass', 'fail', 'error']) })),
    }),
  ),
  JSON.parse(readFileSync(`${import.meta.dirname}/testing/promptfoo-cases.json`, 'utf8')),
);
/** Tests that promptfoo itself cannot ask are left out, and counted. */
const UNASKED = new Set(['a template that fails']);

describe('a configuration of promptfoo', () => {
  it.each(table.map((row) => [row.name, row] as const))('%s', async (name, { config, output, expected }) => {
    const { testSet, notes } = importSet(config, { name: 'promptfooconfig.yaml' });
    const asked = UNASKED.has(name) ? expected.filter(({ status }) => status !== 'error') : expected;
    expect(testSet.cases.map((each) => buildMessages(undefined, each))).toEqual(
      asked.map(({ prompt }) => buildMessages(undefined, readChat(prettify(prompt)))),
    );
    const skipped = notes.find(({ code }) => code === 'skipped-rows')?.count ?? 0;
    expect(skipped).toBe(expected.length - asked.length);
    const statuses: string[] = [];
    for (const testCase of testSet.cases) {
      const isBare = testCase.graders.some(({ type }) => type === 'no-assertion');
      // promptfoo counts what nobody looks at as passed.
      statuses.push(isBare ? 'pass' : (await gradeAnswer(output, testCase, nodePorts)).status);
    }
    expect(statuses).toEqual(asked.map(({ status }) => (status === 'error' ? 'fail' : status)));
  });
});

/** promptfoo sends JSON in lines, but keeps it in one. */
function prettify(prompt: string): string {
  try {
    return JSON.stringify(JSON.parse(prompt), null, 2);
  } catch {
    return prompt;
  }
}
