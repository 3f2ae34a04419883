import { badInput } from '../fault';
import { MissingFiles, type Format, type ImportedSet } from '../formats/format';
import { TooManyRows } from '../formats/limits';
import { readMissingPart, readTaskDataset, type TaskDataset } from '../formats/lm-eval/task';
import { guessMapping, readMapped, type Mapping } from '../formats/plain';
import { cutText, readPlainText, type TextCut } from '../formats/plain-text';
import { detectFormat } from '../formats/registry';
import { chooseRows, takeRows, type RowLimit } from '../formats/row-limit';
import { readRows, type Row, type SomeRows } from '../formats/rows';
import { extensionOf, type SourceFile } from '../formats/source-files';
import { unpackArchive } from './archive';
import { findMain } from './given-files';
import { findTaskRows, includeFiles } from './task-files';

/** A file as a person gave it: a text, or an archive of them. */
export type GivenFile = SourceFile | { readonly path: string; readonly bytes: Uint8Array };

interface About {
  /** Of a set whose file does not say its language. */
  readonly language: string;
  /** Where there are more rows than a set may have. */
  readonly limit?: RowLimit;
  /** Of the part that a task of lm-eval draws its examples from. */
  readonly fewshotRows?: RowSource | SomeRows;
}

/** Rows, or a file of them. */
export type RowSource = readonly Row[] | { readonly text: string; readonly name: string };

interface Source extends About {
  readonly text: string;
  /** Of the file or the page that the text came from. */
  readonly name: string;
}

/** One step of an import. Texts may be as large as a file may be, so it belongs where it can take its time. */
export type ImportTask =
  /** What was given, and which of it is the set, where that is in doubt. */
  | ({
      readonly kind: 'read';
      readonly given: readonly GivenFile[];
      readonly main?: string;
      /** For a text without any format: how it is cut, or that this is to be asked. */
      readonly asText?: TextCut | 'ask';
    } & About)
  /** A table whose columns a person has named. */
  | ({ readonly kind: 'map'; readonly mapping: Mapping } & Source)
  /** A task of lm-eval and the rows of its data set, as data or as a file. */
  | ({
      readonly kind: 'join';
      readonly rows: RowSource;
    } & Source);

export type ImportOutcome =
  | {
      readonly kind: 'mapping';
      readonly text: string;
      readonly name: string;
      readonly columns: readonly string[];
      readonly mapping: Mapping;
      /** The first ones. */
      readonly rows: readonly Row[];
      /** It could be read as questions without answers, too. */
      readonly isPlainText: boolean;
      readonly limit?: RowLimit;
    }
  /** A text without any format: how is it cut into questions? */
  | { readonly kind: 'text'; readonly cuts: Readonly<Record<TextCut, TextCutFacts>> }
  | { readonly kind: 'rows'; readonly text: string; readonly name: string; readonly dataset?: TaskDataset }
  /** The rows are there, and those of another part are missing, from which the task draws examples. */
  | {
      readonly kind: 'examples';
      readonly text: string;
      readonly part: string;
      readonly dataset?: TaskDataset;
      /** How many rows there are. */
      readonly questions: number;
    }
  /** Which of several files is the set? */
  | { readonly kind: 'choose'; readonly paths: readonly string[] }
  /** Nothing can be read without these. */
  | { readonly kind: 'files'; readonly missing: readonly string[] }
  /** More rows than a set may have: which of them? */
  | { readonly kind: 'limit'; readonly rows: number }
  | { readonly kind: 'preview'; readonly formatLabel: string; readonly imported: ImportedSet };

export interface TextCutFacts {
  readonly count: number;
  /** The first questions, shortened. */
  readonly first: readonly string[];
}

export const SHOWN_ROWS = 3;
const SHOWN_CHARACTERS = 300;

/** @throws FaultError `bad-input` */
export function runImport(task: ImportTask): ImportOutcome {
  try {
    const outcome = runStep(task);
    if (outcome.kind !== 'preview' || task.limit === undefined) return outcome;
    return { ...outcome, imported: noteLimit(outcome.imported, task.limit) };
  } catch (error) {
    if (error instanceof MissingFiles) return { kind: 'files', missing: error.files };
    if (error instanceof TooManyRows && task.limit === undefined) return { kind: 'limit', rows: error.rows };
    throw error;
  }
}

/** A set says that it is a part, and which. */
function noteLimit({ testSet, ...rest }: ImportedSet, { seed }: RowLimit): ImportedSet {
  const part = `${testSet.cases.length} ${seed === undefined ? 'first rows' : `rows drawn with seed ${seed}`}`;
  const source = [testSet.source, part].filter((each) => each !== undefined).join('; ');
  return { ...rest, testSet: { ...testSet, source } };
}

function runStep(task: ImportTask): ImportOutcome {
  if (task.kind === 'read') return readGiven(task);
  const { text, name, language, limit } = task;
  if (task.kind === 'map') {
    const part = limit === undefined ? text : takeRows(text, limit);
    const imported = readMapped(part, task.mapping, { name, language });
    return { kind: 'preview', formatLabel: 'CSV, JSON Lines, JSON', imported };
  }
  const format = detectFormat(text, name);
  if (format === undefined) throw badInput('file', 'it is no task of lm-eval');
  return join(format, task, task.rows);
}

/** A part that examples are drawn from can be larger than a set. */
const MAX_EXAMPLE_ROWS = 500_000;

function join(
  format: Format,
  { text, name, language, limit, fewshotRows: examples }: Source,
  given: RowSource,
): ImportOutcome {
  const rows = 'text' in given ? readLimited(given.text, given.name, limit) : given;
  const chosen = limit === undefined || 'text' in given ? undefined : chooseRows(rows.length, limit, name);
  const kept = chosen === undefined ? rows : rows.filter((_row, index) => chosen.has(index));
  const part = examples === undefined ? readMissingPart(text) : undefined;
  if (part !== undefined) {
    const dataset = readTaskDataset(text);
    return {
      kind: 'examples',
      text,
      part,
      questions: kept.length,
      ...(dataset !== undefined && { dataset }),
    };
  }
  const fewshotRows =
    examples !== undefined && 'text' in examples
      ? readRows(examples.text, examples.name, MAX_EXAMPLE_ROWS)
      : examples;
  const imported = format.read(text, {
    name,
    language,
    rows: kept,
    ...(fewshotRows !== undefined && { fewshotRows }),
  });
  return { kind: 'preview', formatLabel: format.label, imported };
}

function readLimited(text: string, name: string, limit: RowLimit | undefined): readonly Row[] {
  return readRows(limit === undefined ? text : takeRows(text, limit, name), name);
}

function readGiven(task: Extract<ImportTask, { kind: 'read' }>): ImportOutcome {
  const files = task.given.flatMap((file) => ('bytes' in file ? unpackArchive(file.bytes) : [file]));
  const mains = task.main === undefined ? findMain(files) : [task.main];
  const [main] = mains;
  if (main === undefined) throw badInput('choice of files', 'none of them is a set of tests');
  if (mains.length > 1) return { kind: 'choose', paths: mains };
  const file = files.find(({ path }) => path === main);
  if (file === undefined) throw badInput('choice of files', `${main} is not among them`);
  return readMain(file, files, task);
}

function readMain(
  { path: name, text }: SourceFile,
  files: readonly SourceFile[],
  { language, limit, asText, fewshotRows }: Extract<ImportTask, { kind: 'read' }>,
): ImportOutcome {
  if (asText === 'ask') return describeText(text);
  if (asText !== undefined) {
    const imported = readPlainText(text, asText, { name: nameOf(name), language }, limit);
    return { kind: 'preview', formatLabel: 'TXT', imported };
  }
  const format = detectFormat(text, name);
  if (format === undefined || format.id === 'plain')
    return readUnknown(text, name, format !== undefined, limit);
  if (format.id === 'lm-eval') {
    const whole = includeFiles(text, name, files);
    const { rows, examples } = findTaskRows(whole, name, files, readMissingPart(whole));
    const beside = examples && { text: examples.text, name: examples.path };
    const source: Source = {
      text: whole,
      name: nameOf(name),
      language,
      ...(limit !== undefined && { limit }),
      ...((fewshotRows ?? beside) && { fewshotRows: fewshotRows ?? beside }),
    };
    if (rows !== undefined) return join(format, source, { text: rows.text, name: rows.path });
    const dataset = readTaskDataset(whole);
    return { kind: 'rows', text: whole, name: nameOf(name), ...(dataset !== undefined && { dataset }) };
  }
  const others = files.filter(({ path }) => path !== name);
  const part = limit === undefined ? text : takeRows(text, limit, name);
  const imported = format.read(part, {
    name: nameOf(name),
    path: name,
    language,
    ...(others.length > 0 && { files: others }),
  });
  return { kind: 'preview', formatLabel: format.label, imported };
}

function readUnknown(
  whole: string,
  name: string,
  isTable: boolean,
  limit: RowLimit | undefined,
): ImportOutcome {
  const text = limit === undefined ? whole : takeRows(whole, limit, name);
  const isPlainText = !/^\s*[[{]/.test(text) && !/^(?:csv|tsv|jsonl?|ndjson|ya?ml)$/.test(extensionOf(name));
  if (isPlainText && !isTable && !isEvenTable(text)) return describeText(text);
  const rows = readRows(text);
  const columns = [...new Set(rows.slice(0, 20).flatMap((row) => Object.keys(row)))];
  const [prompt = '', answer = prompt] = columns;
  if (prompt === '') throw badInput('table', 'it has no columns');
  const mapping = guessMapping(rows) ?? { prompt, answer, choices: [], grader: 'auto' };
  return {
    kind: 'mapping',
    text,
    name: nameOf(name),
    columns,
    mapping,
    rows: rows.slice(0, SHOWN_ROWS),
    isPlainText,
    ...(limit !== undefined && { limit }),
  };
}

/** Whether a text without an ending that says so is a table: tabs or semicolons, the same number in each line. */
function isEvenTable(text: string): boolean {
  const lines = text.slice(0, 100_000).trim().split(/\r?\n/).slice(0, 50);
  return [/\t/g, /;/g, /\|/g].some((separator) => {
    const counts = lines.map((line) => line.match(separator)?.length ?? 0);
    return lines.length > 1 && counts[0] !== 0 && counts.every((count) => count === counts[0]);
  });
}

/** @throws FaultError `bad-input` for an empty text */
function describeText(text: string): ImportOutcome {
  if (text.trim() === '') throw badInput('file', 'it is empty');
  const describe = (cut: TextCut): TextCutFacts => {
    const questions = cutText(text, cut);
    return {
      count: questions.length,
      first: questions.slice(0, SHOWN_ROWS).map((each) => each.slice(0, SHOWN_CHARACTERS)),
    };
  };
  return {
    kind: 'text',
    cuts: { lines: describe('lines'), paragraphs: describe('paragraphs'), whole: describe('whole') },
  };
}

function nameOf(path: string): string {
  return path.split('/').at(-1) ?? path;
}
