import Papa from 'papaparse';
import { badInput } from '../fault';
import { createRandom, drawBelow } from '../seeded-stream';
import { parseJsonText } from './json-text';
import { MAX_CASES } from './limits';
import { WRAPPERS } from './rows';
import { readYaml } from './yaml-text';

/** Part of a file that has more rows than a set may: its first ones, or a sample that a seed draws. */
export interface RowLimit {
  readonly count: number;
  /** Of a sample; the first rows where it is absent. */
  readonly seed?: number;
}

/**
 * A text with fewer rows, in the same format: JSON Lines, a JSON or YAML list, a JSON object that holds one, or CSV. A
 * sample keeps the order of the file.
 * @throws FaultError `bad-input`
 */
export function takeRows(text: string, { count, seed }: RowLimit, what = 'file'): string {
  const choose = (rows: number) => chooseRows(rows, { count, ...(seed !== undefined && { seed }) }, what);
  const keep = <Row>(rows: readonly Row[]): readonly Row[] => {
    const chosen = choose(rows.length);
    return rows.filter((_row, index) => chosen.has(index));
  };
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed.startsWith('[')) {
    const data = parseJsonText(trimmed, what);
    return Array.isArray(data) ? JSON.stringify(keep(data)) : text;
  }
  if (trimmed.startsWith('{')) {
    const lines = trimmed.split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length > MAX_CASES && lines.every((line) => line.startsWith('{')))
      return keep(lines).join('\n');
    return takeWrapped(parseJsonText(trimmed, what), keep, text);
  }
  if (/^(?:-\s|#|[\w$]+:(?:\s|$))/.test(trimmed)) {
    const data = readYaml(trimmed, what);
    return Array.isArray(data) ? JSON.stringify(keep(data)) : takeWrapped(data, keep, text);
  }
  return takeCsv(trimmed, choose);
}

function takeWrapped(
  data: unknown,
  keep: (rows: readonly unknown[]) => readonly unknown[],
  text: string,
): string {
  if (typeof data !== 'object' || data === null) return text;
  const fields: Readonly<Record<string, unknown>> = { ...data };
  const name = WRAPPERS.find((each) => Array.isArray(fields[each]));
  const rows = name === undefined ? undefined : fields[name];
  return name === undefined || !Array.isArray(rows)
    ? text
    : JSON.stringify({ ...fields, [name]: keep(rows) });
}

function takeCsv(text: string, choose: (rows: number) => ReadonlySet<number>): string {
  const rows: string[][] = [];
  let count = -1;
  Papa.parse<string[]>(text, { skipEmptyLines: 'greedy', step: () => void count++ });
  const chosen = choose(count);
  let at = -1;
  Papa.parse<string[]>(text, {
    skipEmptyLines: 'greedy',
    step: ({ data }) => {
      if (at === -1 || chosen.has(at)) rows.push(data);
      at++;
    },
  });
  return Papa.unparse(rows, { newline: '\n' });
}

/** Indices of the rows that a limit keeps. @throws FaultError `bad-input` for a limit that no set could have */
export function chooseRows(rows: number, { count, seed }: RowLimit, what: string): ReadonlySet<number> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_CASES)
    throw badInput(what, `1 to ${MAX_CASES} rows`);
  return seed === undefined
    ? new Set([...Array(Math.min(count, rows)).keys()])
    : drawSample(rows, count, seed);
}

/** Floyd's algorithm: `count` different indices below `rows`, all sets of them equally likely. */
function drawSample(rows: number, count: number, seed: number): ReadonlySet<number> {
  const random = createRandom(`rows ${seed}`);
  const chosen = new Set<number>();
  for (let top = Math.max(0, rows - count); top < rows; top++) {
    const drawn = drawBelow(random, top + 1);
    chosen.add(chosen.has(drawn) ? top : drawn);
  }
  return chosen;
}
