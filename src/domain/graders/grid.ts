import { dropEcho, type Place } from '../text/answer-text';
import { dropReasonClauses, findMeant, isAlternative, simplify } from './items';

/** What belongs to what, read out of lines, tables, JSON and sentences. */

export interface GridNames {
  /** Folded names to indexes: rows first, then values. */
  readonly names: ReadonlyMap<string, number>;
  readonly rowCount: number;
  /** The attribute that each value belongs to, by its index. */
  readonly attributeOf: ReadonlyMap<number, string>;
}

export function keyOfCell(row: number, attribute: string): string {
  return `${row} ${attribute}`;
}

/** Ready for `readGrid`: without the sentences of the prompt and without reasons; "Anna's house" names Anna. */
export function prepareGridText(answer: string, prompt: string): string {
  const prepare = (text: string) => simplify(text).replace(/(\p{L})'s(?!\p{L})/gu, '$1');
  return dropReasonClauses(dropEcho(prepare(answer), prepare(prompt), () => false));
}

/** Values by cell; several where the answer gives several. */
export function readGrid(text: string, grid: GridNames): ReadonlyMap<string, ReadonlySet<number>> {
  const cells = new Map<string, Set<number>>();
  const put = (row: number, value: number) => {
    const key = keyOfCell(row, grid.attributeOf.get(value) ?? '');
    const values = cells.get(key) ?? new Set();
    cells.set(key, values.add(value));
  };
  let heading: number | undefined;
  for (const clause of text.split(/\n|;|[.!?](?=\s|$)/u)) {
    const places = findMeant(clause, grid.names);
    const isRow = ({ option }: Place) => option < grid.rowCount;
    const rows = places.filter(isRow);
    const values = places.filter((place) => !isRow(place));
    const [row] = rows;
    if (row === undefined) {
      if (heading !== undefined) for (const { option } of values) put(heading, option);
      continue;
    }
    if (values.length === 0) {
      // "Anna:", and the lines below say what belongs to her.
      const opens = /[:{[]\s*$|^[\s#*\d.)\uE000]*\S+(?: \S+)?[\s*\uE001]*$/u.test(clause);
      heading = rows.length === 1 && opens ? row.option : undefined;
      continue;
    }
    heading = undefined;
    const isBefore = (values[0]?.start ?? 0) < row.start;
    for (const value of values) {
      const owner =
        rows.length === 1
          ? row
          : isBefore
            ? rows.find(({ start }) => start > value.start)
            : rows.findLast(({ start }) => start < value.start);
      if (owner !== undefined) put(owner.option, value.option);
    }
    // "Anna or Boris has the cat" gives it to nobody.
    rows.forEach((one, at) => {
      const next = rows[at + 1];
      if (next === undefined || !isAlternative(clause.slice(one.end, next.start))) return;
      for (const { option } of values) {
        for (const each of [one, next])
          cells.delete(keyOfCell(each.option, grid.attributeOf.get(option) ?? ''));
      }
    });
  }
  return cells;
}
