import Papa from 'papaparse';

/**
 * What spreadsheets take for a formula when they open a file (OWASP, "CSV injection"), full-width signs and signs behind
 * blanks too. Only the beginning is looked at: the library's own pattern misses a formula that goes on in a second line.
 */
const FORMULA = /^[\s\uFEFF]*[=+\-@＝＋－＠]|^[\t\r\n]/;

export type CsvValue = string | number | boolean | undefined;

/** Rows as RFC 4180 has them. Text that would be run as a formula gets an apostrophe; numbers stay numbers. */
export function writeCsv(rows: readonly (readonly CsvValue[])[]): string {
  const text = Papa.unparse(
    rows.map((row) => row.map((value) => value ?? '')),
    { newline: '\r\n', escapeFormulae: FORMULA },
  );
  return `${text}\r\n`;
}
