import type { ResultExport } from './export';
import { escapeMarkdown, writeMarkdownTable } from './markdown-text';
import { describeReport, writeNumber, writeQuestion, writeVerdict } from './report';

/** For an issue, a note or a wiki, in the reader's language. */
export const markdown: ResultExport = {
  id: 'markdown',
  label: 'Markdown',
  extension: 'md',
  mediaType: 'text/markdown',
  write(record, words) {
    const { title, headline, facts, rows } = describeReport(record, words);
    const sheet = rows.map((row) => [
      writeNumber(row),
      writeQuestion(row.testCase),
      row.result === undefined ? '' : row.result.answer.trim() || words.emptyAnswer,
      writeVerdict(row, words),
    ]);
    return [
      `# ${escapeMarkdown(title)}`,
      `**${escapeMarkdown(headline)}**`,
      `## ${escapeMarkdown(words.facts)}`,
      facts.map(([term, value]) => `- ${escapeMarkdown(term)}: ${escapeMarkdown(value)}`).join('\n'),
      `## ${escapeMarkdown(words.sheet)}`,
      writeMarkdownTable([['', words.question, words.answer, words.verdict], ...sheet]),
      '',
    ].join('\n\n');
  },
};
