import { writeCsv, type CsvValue } from '../../domain/exports/csv-text';
import { escapeMarkdown, writeMarkdownTable } from '../../domain/exports/markdown-text';
import type { CompareRow } from './compare.svelte';
import type { Contestant } from './contestants';
import { makeBlob, type DownloadFile } from './export-run';

/** One row for each compared case, with each run's verdict and answer; the runs in the columns. */
export function writeContestCsv(
  contestants: readonly Contestant[],
  rows: readonly CompareRow[],
): DownloadFile {
  const header: CsvValue[] = ['case_id', 'tags', 'prompt'];
  contestants.forEach(({ setup, startedAt }, at) => {
    const name = `${at + 1} ${setup.model.id} ${setup.artifact.quantization} ${new Date(startedAt).toISOString()}`;
    header.push(`${name} status`, `${name} answer`);
  });
  const body = rows.map(({ testCase, answers }) => [
    testCase.id,
    testCase.tags.join(' '),
    testCase.prompt,
    ...answers.flatMap((answer) => [answer?.status, answer?.text]),
  ]);
  return { name: 'comparison.csv', blob: makeBlob(writeCsv([header, ...body]), 'text/csv') };
}

/** What the screen says, as it says it: its tables' rows and its sentences come in the reader's language. */
export function writeContestMarkdown(page: {
  readonly title: string;
  readonly runs: readonly (readonly string[])[];
  readonly sentences: readonly string[];
  readonly casesTitle: string;
  readonly cases: readonly (readonly string[])[];
}): DownloadFile {
  const text = [
    `# ${escapeMarkdown(page.title)}`,
    writeMarkdownTable(page.runs),
    page.sentences.map((each) => `- ${escapeMarkdown(each)}`).join('\n'),
    `## ${escapeMarkdown(page.casesTitle)}`,
    writeMarkdownTable(page.cases),
    '',
  ].join('\n\n');
  return { name: 'comparison.md', blob: makeBlob(text, 'text/markdown') };
}
