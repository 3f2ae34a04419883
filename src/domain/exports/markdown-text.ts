const MARKUP = /[\\`*_{}[\]()#+\-.!|~>:@]/g;

/**
 * Text that Markdown shows as it is, on one line: in GitHub's dialect HTML counts, and a table's cell ends at a pipe.
 */
export function escapeMarkdown(text: string): string {
  return text
    .trim()
    .replace(MARKUP, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/\r\n?|\n|\u2028|\u2029/g, '<br>');
}

/** A table of GitHub's Markdown; the cells are escaped here. */
export function writeMarkdownTable(rows: readonly (readonly string[])[]): string {
  const [header, ...body] = rows.map((row) => `| ${row.map(escapeMarkdown).join(' | ')} |`);
  const rule = `|${' --- |'.repeat(rows[0]?.length ?? 0)}`;
  return [header, rule, ...body].join('\n');
}
