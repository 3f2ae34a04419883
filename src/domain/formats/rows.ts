import Papa from 'papaparse';
import * as v from 'valibot';
import { badInput } from '../fault';
import { BrokenJson, parseJsonText } from './json-text';
import { checkSize, MAX_CASES, TooManyRows } from './limits';

/** A record of a data set, as foreign as it comes. */
export type Row = Readonly<Record<string, unknown>>;

/** A part of a data set of which only some records are here, by their places. */
export interface SomeRows {
  /** Of the whole part. */
  readonly length: number;
  readonly rows: ReadonlyMap<number, Row>;
}

const rowSchema = v.record(v.string(), v.unknown());
/** Lists that files wrap their rows in: the dataset viewer of the Hub, BIG-bench, AGIEval, plain exports. */
export const WRAPPERS = ['rows', 'examples', 'data', 'items', 'questions', 'cases', 'tests'];
const PROBE_CHARACTERS = 100_000;

/**
 * The records of a JSON array, a JSON object that holds one, JSON Lines, or CSV with a header.
 * @param most how many there may be
 * @throws FaultError `bad-input`, naming the line where there is one
 */
export function readRows(text: string, what = 'file', most = MAX_CASES): readonly Row[] {
  checkSize(what, text);
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') throw badInput(what, 'it is empty');
  const rows = trimmed.startsWith('[')
    ? readArray(parseJsonText(trimmed, what), what, most)
    : trimmed.startsWith('{')
      ? readObjectOrLines(trimmed, what, most)
      : readCsv(text.replace(/^\uFEFF/, '').replace(/^\s*\n|[\r\n]+$/g, ''), what, most);
  checkCount(rows.length, what, most);
  return rows;
}

function checkCount(count: number, what: string, most: number): void {
  if (count > most) throw new TooManyRows(what, count);
}

/** Every format asks for the first rows of the same text, which can be of 64 MB. */
let probed: { readonly text: string; readonly rows: readonly Row[] } | undefined;

/** The first records, for guessing what a file is; none when it cannot be read. */
export function probeRows(text: string): readonly Row[] {
  if (probed?.text !== text) probed = { text, rows: readFirstRows(text) };
  return probed.rows;
}

function readFirstRows(text: string): readonly Row[] {
  const head = text.slice(0, PROBE_CHARACTERS);
  try {
    if (text.length <= PROBE_CHARACTERS) return readRows(text).slice(0, 20);
    const trimmed = head.replace(/^\uFEFF/, '').trimStart();
    if (trimmed.startsWith('[') || /^\{\s*"(rows|examples|data)"/.test(trimmed)) {
      return readRows(text).slice(0, 20);
    }
    return readRows(head.slice(0, head.lastIndexOf('\n'))).slice(0, 20);
  } catch {
    return [];
  }
}

function isRow(value: unknown): value is Row {
  return v.is(rowSchema, value) && !Array.isArray(value);
}

function readArray(data: unknown, what: string, most: number): readonly Row[] {
  if (!Array.isArray(data)) throw badInput(what, 'expected a list of records');
  checkCount(data.length, what, most);
  return data.map((value: unknown, index) => {
    if (!isRow(value)) throw badInput(what, `record ${index + 1} is no object`);
    // The dataset viewer wraps each record with its index.
    return isRow(value['row']) && 'row_idx' in value ? value['row'] : value;
  });
}

function readObjectOrLines(text: string, what: string, most: number): readonly Row[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > 1) {
    const first = tryJson(lines[0] ?? '');
    if (isRow(first)) {
      checkCount(lines.length, what, most);
      return lines.map((line, index) => readLine(line, index, what));
    }
  }
  const whole = parseJsonText(text, what);
  if (!isRow(whole)) throw badInput(what, 'expected a record');
  const wrapper = WRAPPERS.find((name) => Array.isArray(whole[name]));
  return wrapper === undefined ? [whole] : readArray(whole[wrapper], what, most);
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readLine(line: string, index: number, what: string): Row {
  let value: unknown;
  try {
    value = parseJsonText(line, what);
  } catch (error) {
    if (error instanceof BrokenJson) throw new BrokenJson(what, { ...error.at, line: index + 1 });
    throw error;
  }
  if (!isRow(value)) throw badInput(what, `line ${index + 1} is no JSON object`);
  return value;
}

function readCsv(text: string, what: string, most: number): readonly Row[] {
  const { data, errors } = Papa.parse<string[]>(text, {
    skipEmptyLines: 'greedy',
    // The header, and one more than can be read.
    preview: most + 2,
  });
  if (data.length === most + 2) throw new TooManyRows(what, countCsvRows(text));
  const [error] = errors.filter(({ code }) => code !== 'UndetectableDelimiter');
  if (error !== undefined) {
    const line = error.row === undefined ? '' : `line ${error.row + 1}: `;
    throw badInput(what, `${line}${error.message}`);
  }
  const [header = [], ...records] = data;
  const names = header.map((name) => name.trim());
  if (records.length === 0) throw badInput(what, 'no rows below the header');
  return records.map((cells, index) => {
    if (cells.length > names.length) {
      throw badInput(what, `row ${index + 2} has ${cells.length} cells, the header ${names.length}`);
    }
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? '']));
  });
}

/** Without keeping them. */
function countCsvRows(text: string): number {
  let count = -1;
  Papa.parse<string[]>(text, { skipEmptyLines: 'greedy', step: () => void count++ });
  return count;
}

/** A field as text: numbers and truth values too; nothing else. */
export function textOf(row: Row, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = row[name];
    if (typeof value === 'string' && value.trim() !== '') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  }
  return undefined;
}

/** A field as a list of texts; a JSON list within a text counts, as CSV files have it. */
export function textsOf(row: Row, ...names: readonly string[]): readonly string[] | undefined {
  for (const name of names) {
    const value = typeof row[name] === 'string' && row[name].startsWith('[') ? tryJson(row[name]) : row[name];
    if (
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((each) => ['string', 'number'].includes(typeof each))
    ) {
      return value.map(String);
    }
  }
  return undefined;
}
