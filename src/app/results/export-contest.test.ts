import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import type { CompareRow } from './compare.svelte';
import type { Contestant } from './contestants';
import { writeContestCsv, writeContestMarkdown } from './export-contest';
import { makeSetup } from '../../domain/testing/make-run';

const contestant = (id: string, model: string): Contestant => ({
  id,
  runIds: [id],
  cases: [],
  scores: [],
  setup: makeSetup({ model: { id: model, name: model }, set: { caseCount: 1 } }),
  startedAt: 0,
  shared: false,
  score: {
    passed: 0,
    failed: 0,
    abstained: 0,
    notRun: 0,
    broken: 0,
    graded: 0,
    answerTokens: 0,
    unread: { failures: 0, graded: 0 },
  },
  answers: new Map(),
});
const answer = (text: string) => ({
  status: 'pass' as const,
  text,
  reasons: [],
  tokens: 1,
  firstTokenMs: 1,
});
const rows: readonly CompareRow[] = [
  {
    testCase: { id: 'q', prompt: 'a "b", c?', graders: [{ type: 'equals', value: 'x' }], tags: [] },
    kind: 'all-right',
    answers: [answer('=cmd()\nmore'), answer('| <b>')],
  },
];

describe('files of a comparison', () => {
  it('as CSV have the same model twice in columns of their own, and run nothing', async () => {
    const { blob } = writeContestCsv([contestant('1', 'same'), contestant('2', 'same')], rows);
    const { data } = Papa.parse<string[]>((await blob.text()).trimEnd());
    expect(new Set(data[0]).size).toBe(7);
    expect(data[1]?.slice(2)).toEqual(['a "b", c?', 'pass', "'=cmd()\nmore", 'pass', '| <b>']);
  });

  it('as Markdown keep every answer in its cell', async () => {
    const { blob } = writeContestMarkdown({
      title: 'Both',
      runs: [
        ['', 'A', 'B'],
        ['Correct', '1 of 1', '1 of 1'],
      ],
      sentences: ['No *difference*'],
      casesTitle: 'Cases',
      cases: [
        ['Question', 'A', 'B'],
        ...rows.map((row) => ['q', ...row.answers.map((each) => each?.text ?? '')]),
      ],
    });
    const text = await blob.text();
    expect(text).toContain('| q | =cmd\\(\\)<br>more | \\| &lt;b\\> |');
    expect(text).toContain('- No \\*difference\\*');
  });
});
