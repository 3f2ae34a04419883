import * as v from 'valibot';
import { readEnd, SHOWN_CHARACTERS } from '../text/answer-text';
import { badInput } from '../fault';
import { parseWith } from '../parse';
import { defineGrader, fail, pass } from './grader';
import { keyOfCell, prepareGridText, readGrid, type GridNames } from './grid';
import { findFinalPart, fold, indexNames, nameSchema } from './items';

const optionsSchema = v.strictObject({
  type: v.string(),
  weight: v.optional(v.number()),
  /** What belongs to what: `{ Anna: 'red' }`, or by attribute `{ Anna: { colour: 'red', pet: 'cat' } }`. */
  value: v.pipe(
    v.record(nameSchema, v.union([nameSchema, v.record(nameSchema, nameSchema)])),
    v.check((grid) => {
      const rows = Object.keys(grid).length;
      return rows >= 1 && rows <= 50;
    }, 'expected 1 to 50 rows'),
  ),
  /** Other ways to write a name. */
  aliases: v.optional(v.record(nameSchema, v.pipe(v.array(nameSchema), v.maxLength(100))), {}),
});

/**
 * The answer fills a grid, as in a zebra puzzle: lines, a table, JSON or sentences. Passes when every cell is right; the
 * score is the share of right cells. A cell that is given two values is wrong.
 */
export const assignment = defineGrader({
  id: 'assignment',
  parse: (spec) => {
    const { value, aliases } = parseWith(optionsSchema, spec, 'assignment grader');
    return buildGrid(value, aliases);
  },
  grade: (answer, grid, testCase) => {
    const text = prepareGridText(readEnd(answer), testCase.prompt);
    const fill = (part: string) => readGrid(part, grid);
    const cells = fill(findFinalPart(text, (part) => fill(part).size >= grid.cells.length / 2));
    const expected = describe(grid, (cell) => [cell.value]);
    if (cells.size === 0) return fail('no-answer', { expected });
    const given = (cell: Cell) => [...(cells.get(keyOfCell(cell.row, cell.attribute)) ?? [])];
    const shown = { expected, found: describe(grid, given) };
    if (grid.cells.every((cell) => given(cell).length > 1)) return fail('ambiguous', shown);
    const right = grid.cells.filter((cell) => String(given(cell)) === String([cell.value])).length;
    const score = right / grid.cells.length;
    return score === 1 ? pass(shown) : { ...fail('different', shown), score };
  },
});

// --- the grid ---

interface Cell {
  readonly row: number;
  readonly attribute: string;
  readonly value: number;
}

interface Grid extends GridNames {
  readonly labels: readonly string[];
  readonly cells: readonly Cell[];
}

type Options = v.InferOutput<typeof optionsSchema>;

/** @throws FaultError `bad-input` when a name stands for two things */
function buildGrid(value: Options['value'], aliases: Options['aliases']): Grid {
  const rows = Object.keys(value);
  const labels = [...rows];
  const attributeOf = new Map<number, string>();
  const indexOf = new Map<string, number>();
  const cells: Cell[] = [];
  rows.forEach((name, row) => {
    const cellsOfRow = value[name] ?? '';
    const entries = typeof cellsOfRow === 'string' ? [['', cellsOfRow] as const] : Object.entries(cellsOfRow);
    for (const [attribute, text] of entries) {
      const index = indexOf.get(fold(text)) ?? labels.push(text) - 1;
      if (attributeOf.has(index) && attributeOf.get(index) !== attribute) {
        throw badInput('assignment grader', `${text} belongs to two attributes`);
      }
      indexOf.set(fold(text), index);
      attributeOf.set(index, attribute);
      cells.push({ row, attribute, value: index });
    }
  });
  if (cells.length === 0) throw badInput('assignment grader', 'no cells');
  const items = labels.map((text) => ({
    text,
    aliases: Object.hasOwn(aliases, text) ? (aliases[text] ?? []) : [],
  }));
  return { labels, rowCount: rows.length, names: indexNames(items, 'assignment grader'), attributeOf, cells };
}

function describe(grid: Grid, values: (cell: Cell) => readonly number[]): string {
  return grid.cells
    .map((cell) => {
      const text = values(cell).map((index) => grid.labels[index] ?? '');
      return `${grid.labels[cell.row] ?? ''}: ${text.join('/') || '?'}`;
    })
    .join(', ')
    .slice(0, SHOWN_CHARACTERS);
}
