import { badInput } from '../fault';
import type { ImportedSet } from '../formats/format';
import { readTaskDataset, type TaskDataset } from '../formats/lm-eval';
import { guessMapping, readMapped, type Mapping } from '../formats/plain';
import { detectFormat } from '../formats/registry';
import { readRows, type Row } from '../formats/rows';

interface Source {
  readonly text: string;
  /** Of the file or the page that the text came from. */
  readonly name: string;
  /** Of a set whose file does not say its language. */
  readonly language: string;
}

/** One step of an import. Texts may be as large as a file may be, so it belongs where it can take its time. */
export type ImportTask =
  | ({ readonly kind: 'read' } & Source)
  /** A table whose columns a person has named. */
  | ({ readonly kind: 'map'; readonly mapping: Mapping } & Source)
  /** A task of lm-eval and the rows of its data set, as data or as a file. */
  | ({
      readonly kind: 'join';
      readonly rows: readonly Row[] | { readonly text: string; readonly name: string };
    } & Source);

export type ImportOutcome =
  | {
      readonly kind: 'mapping';
      readonly columns: readonly string[];
      readonly mapping: Mapping;
      /** The first ones. */
      readonly rows: readonly Row[];
    }
  | { readonly kind: 'rows'; readonly dataset?: TaskDataset }
  | { readonly kind: 'preview'; readonly formatLabel: string; readonly imported: ImportedSet };

export const SHOWN_ROWS = 3;

/** @throws FaultError `bad-input` */
export function runImport(task: ImportTask): ImportOutcome {
  const { text, name, language } = task;
  if (task.kind === 'map') {
    const imported = readMapped(text, task.mapping, { name, language });
    return { kind: 'preview', formatLabel: 'CSV, JSON Lines, JSON', imported };
  }
  const format = detectFormat(text, name);
  if (task.kind === 'join') {
    if (format === undefined) throw badInput('file', 'it is no task of lm-eval');
    const rows = 'text' in task.rows ? readRows(task.rows.text, task.rows.name) : task.rows;
    return {
      kind: 'preview',
      formatLabel: format.label,
      imported: format.read(text, { name, language, rows }),
    };
  }
  if (format === undefined || format.id === 'plain') return guessColumns(text);
  if (format.id === 'lm-eval') {
    const dataset = readTaskDataset(text);
    return { kind: 'rows', ...(dataset !== undefined && { dataset }) };
  }
  return { kind: 'preview', formatLabel: format.label, imported: format.read(text, { name, language }) };
}

/** @throws FaultError `bad-input` for what has no rows */
function guessColumns(text: string): ImportOutcome {
  const rows = readRows(text);
  const columns = [...new Set(rows.slice(0, 20).flatMap((row) => Object.keys(row)))];
  const [prompt = '', answer = prompt] = columns;
  if (prompt === '') throw badInput('table', 'it has no columns');
  const mapping = guessMapping(rows) ?? { prompt, answer, choices: [], grader: 'auto' };
  return { kind: 'mapping', columns, mapping, rows: rows.slice(0, SHOWN_ROWS) };
}
