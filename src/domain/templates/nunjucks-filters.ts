import {
  addValues,
  type Budget,
  compareValues,
  isDict,
  isList,
  joinValues,
  lookUp,
  toNumber,
  writeJson,
  writeOutput,
  writeValue,
} from './nunjucks-values';
import { failTemplate } from './nunjucks-tokens';

type Filter = (input: unknown, args: readonly unknown[], budget: Budget) => unknown;

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
  '<': '&lt;',
  '>': '&gt;',
  '\\': '&#92;',
};

/** Filters that take text treat what is not there, and `false`, as none. */
function textOf(input: unknown, filter: string): string {
  if (input === undefined || input === null || input === false) return '';
  return typeof input === 'string' ? input : failTemplate(`${filter} takes text`);
}

function listOf(input: unknown, filter: string, budget: Budget): readonly unknown[] {
  if (typeof input === 'string') {
    budget.spend(input.length);
    return [...Array(input.length).keys()].map((at) => input.charAt(at));
  }
  if (!isList(input)) return failTemplate(`${filter} takes a list`);
  budget.spend(input.length);
  return input;
}

const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();

function escapeHtml(input: unknown, budget: Budget): string {
  const text = writeOutput(input, budget);
  budget.grow(text.length);
  return text.replace(/[&"'<>\\]/g, (character) => HTML[character] ?? character);
}

function replace(input: unknown, args: readonly unknown[], budget: Budget): unknown {
  const [old, fresh, most] = args;
  const text = typeof input === 'number' ? String(input) : input;
  const search = typeof old === 'number' ? String(old) : old;
  if (typeof search !== 'string' || typeof text !== 'string') return input;
  const replacement = writeValue(fresh, budget);
  if (search === '') {
    budget.grow((text.length + 2) * (replacement.length + 1));
    return (
      replacement +
      [...Array(text.length).keys()].map((at) => text.charAt(at)).join(replacement) +
      replacement
    );
  }
  const limit = most === undefined || most === -1 ? Infinity : toNumber(most, budget);
  const pieces = text.split(search);
  budget.grow(text.length + (pieces.length - 1) * replacement.length);
  let result = pieces[0] ?? '';
  pieces.slice(1).forEach((piece, index) => {
    result += (index < limit ? replacement : search) + piece;
  });
  return result;
}

function truncate(input: unknown, [length, killWords, end]: readonly unknown[], budget: Budget): string {
  const text = textOf(input, 'truncate');
  const most = toNumber(length, budget) || 255;
  if (text.length <= most) return text;
  const space = text.lastIndexOf(' ', most);
  const cut = isTruthy(killWords) || space === -1 ? most : space;
  return budget.text(
    text.slice(0, cut) + (end === undefined || end === null ? '...' : writeValue(end, budget)),
  );
}

function indent(input: unknown, [width, first]: readonly unknown[], budget: Budget): string {
  const text = textOf(input, 'indent');
  const count = toNumber(width, budget) || 4;
  const lines = text.split('\n');
  budget.grow(text.length + lines.length * count);
  const space = ' '.repeat(Math.max(0, count));
  return lines.map((line, index) => (index === 0 && !isTruthy(first) ? line : space + line)).join('\n');
}

function sortList(input: unknown, args: readonly unknown[], budget: Budget): readonly unknown[] {
  const [reversed, caseSensitive, attribute] = args;
  const list = [...listOf(input, 'sort', budget)];
  budget.spend(list.length * Math.ceil(Math.log2(list.length + 2)));
  const read = (item: unknown) => {
    const value = attribute === undefined ? item : readAttribute(item, attribute, budget);
    return typeof value === 'string' && !isTruthy(caseSensitive) ? value.toLowerCase() : value;
  };
  const keyed = list.map((item) => ({ item, key: read(item) }));
  const order = isTruthy(reversed) ? -1 : 1;
  keyed.sort((one, other) => {
    if (compareValues('<', one.key, other.key, budget)) return -order;
    return compareValues('>', one.key, other.key, budget) ? order : 0;
  });
  return keyed.map(({ item }) => item);
}

function readAttribute(item: unknown, attribute: unknown, budget: Budget): unknown {
  return writeValue(attribute, budget)
    .split('.')
    .reduce<unknown>((value, part) => lookUp(value, part, budget), item);
}

function groupBy(input: unknown, [attribute]: readonly unknown[], budget: Budget): unknown {
  const groups = new Map<string, unknown[]>();
  for (const item of listOf(input, 'groupby', budget)) {
    const key = writeValue(readAttribute(item, attribute, budget), budget);
    groups.set(key, [...(groups.get(key) ?? []), item]);
    budget.spend(groups.get(key)?.length ?? 0);
  }
  return Object.fromEntries(groups);
}

function dictSort(input: unknown, [caseSensitive, by]: readonly unknown[], budget: Budget): unknown {
  if (!isDict(input)) return failTemplate('dictsort takes an object');
  const at = by === 'value' ? 1 : 0;
  const entries = Object.entries(input).map((entry): unknown[] => entry);
  const fold = (value: unknown) =>
    typeof value === 'string' && !isTruthy(caseSensitive) ? value.toUpperCase() : value;
  budget.spend(entries.length * Math.ceil(Math.log2(entries.length + 2)));
  return entries.sort((one, other) => {
    const [left, right] = [fold(one[at]), fold(other[at])];
    return compareValues('>', left, right, budget) ? 1 : left === right ? 0 : -1;
  });
}

function slice(input: unknown, [slices, fill]: readonly unknown[], budget: Budget): unknown {
  const list = listOf(input, 'slice', budget);
  const count = toNumber(slices, budget);
  budget.spend(count);
  const [size, extra] = [Math.floor(list.length / count), list.length % count];
  const result: unknown[][] = [];
  let offset = 0;
  for (let at = 0; at < count; at++) {
    const start = offset + at * size;
    if (at < extra) offset++;
    const part = list.slice(start, offset + (at + 1) * size);
    if (isTruthy(fill) && at >= extra) part.push(fill);
    result.push(part);
  }
  return result;
}

function batch(input: unknown, [size, fill]: readonly unknown[], budget: Budget): unknown {
  const list = listOf(input, 'batch', budget);
  const count = Math.max(1, Math.floor(toNumber(size, budget)) || 1);
  const result: unknown[][] = [];
  for (let at = 0; at < list.length; at += count) result.push(list.slice(at, at + count));
  const last = result.at(-1);
  if (last !== undefined && isTruthy(fill)) {
    budget.spend(count);
    while (last.length < count) last.push(fill);
  }
  return result;
}

function round(input: unknown, [precision, method]: readonly unknown[], budget: Budget): number {
  const factor = 10 ** (toNumber(precision, budget) || 0);
  const rounder = method === 'ceil' ? Math.ceil : method === 'floor' ? Math.floor : Math.round;
  return rounder(toNumber(input, budget) * factor) / factor;
}

function urlEncode(input: unknown, budget: Budget): string {
  if (typeof input === 'string') return budget.text(encodeURIComponent(input));
  const pairs = isList(input)
    ? input
    : isDict(input)
      ? Object.entries(input)
      : failTemplate('urlencode takes text');
  const encode = (value: unknown) => encodeURIComponent(writeValue(value, budget));
  const parts = pairs.map((pair) => `${encode(lookUp(pair, 0, budget))}=${encode(lookUp(pair, 1, budget))}`);
  return joinValues(parts, '&', budget);
}

function stripTags(input: unknown, keepsLines: unknown, budget: Budget): string {
  const text = textOf(input, 'striptags');
  budget.grow(text.length);
  // Bounded, so that a text of opening brackets does not cost its square.
  const bare = text.replace(/<\/?[a-z][a-z0-9]{0,40}\b[^<>]{0,2000}>|<!--[^<]{0,5000}?-->/gi, '').trim();
  if (!isTruthy(keepsLines)) return bare.replace(/\s+/g, ' ');
  return bare
    .split('\n')
    .map((line) => line.trim().replace(/ {2,}/g, ' '))
    .join('\n')
    .replace(/\n{3,}/g, '\n\n');
}

function list(input: unknown, budget: Budget): unknown {
  if (isDict(input)) return Object.entries(input).map(([key, value]) => ({ key, value }));
  return listOf(input, 'list', budget);
}

function lengthOf(input: unknown): number | undefined {
  if (input === undefined || input === null || input === false) return 0;
  if (typeof input === 'string' || isList(input)) return input.length;
  return isDict(input) ? Object.keys(input).length : undefined;
}

export function isTruthy(value: unknown): boolean {
  return Boolean(value);
}

/** Nunjucks' own filters, and promptfoo's `load`. `random` is left out, for a set asks the same every time. */
export const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['abs', (input, _args, budget) => Math.abs(toNumber(input, budget))],
  ['batch', batch],
  ['capitalize', (input) => capitalize(textOf(input, 'capitalize'))],
  [
    'center',
    (input, [width], budget) => {
      const text = textOf(input, 'center');
      const total = toNumber(width, budget) || 80;
      if (text.length >= total) return text;
      budget.grow(total);
      const spaces = total - text.length;
      return ' '.repeat(Math.ceil(spaces / 2 - (spaces % 2))) + text + ' '.repeat(Math.ceil(spaces / 2));
    },
  ],
  ['default', defaultFilter],
  ['d', defaultFilter],
  ['dictsort', dictSort],
  ['dump', (input, [spaces], budget) => writeJson(input, spaces, budget)],
  ['escape', (input, _args, budget) => escapeHtml(input, budget)],
  ['e', (input, _args, budget) => escapeHtml(input, budget)],
  ['forceescape', (input, _args, budget) => escapeHtml(input, budget)],
  ['first', (input, _args, budget) => lookUp(input, 0, budget)],
  ['float', (input, [otherwise], budget) => orElse(Number.parseFloat(writeValue(input, budget)), otherwise)],
  ['groupby', groupBy],
  ['indent', indent],
  [
    'int',
    (input, [otherwise, base], budget) =>
      orElse(Number.parseInt(writeValue(input, budget), toNumber(base ?? 10, budget)), otherwise),
  ],
  [
    'join',
    (input, [separator, attribute], budget) => {
      const items = isList(input) ? input : failTemplate('join takes a list');
      const shown = isTruthy(attribute) ? items.map((item) => lookUp(item, attribute, budget)) : items;
      return joinValues(shown, isTruthy(separator) ? writeValue(separator, budget) : '', budget);
    },
  ],
  [
    'last',
    (input, _args, budget) =>
      isList(input) || typeof input === 'string' ? lookUp(input, input.length - 1, budget) : undefined,
  ],
  ['length', lengthOf],
  ['list', (input, _args, budget) => list(input, budget)],
  ['load', (input) => parseLoaded(input)],
  ['lower', (input) => textOf(input, 'lower').toLowerCase()],
  ['nl2br', (input, _args, budget) => budget.text(textOf(input, 'nl2br').replace(/\r\n|\n/g, '<br />\n'))],
  ['rejectattr', (input, [name], budget) => selectByAttribute(input, name, false, budget)],
  ['selectattr', (input, [name], budget) => selectByAttribute(input, name, true, budget)],
  ['replace', replace],
  [
    'reverse',
    (input, _args, budget) => {
      const reversed = [...listOf(input, 'reverse', budget)].reverse();
      return typeof input === 'string' ? reversed.join('') : reversed;
    },
  ],
  ['round', round],
  ['safe', (input, _args, budget) => writeOutput(input, budget)],
  ['slice', slice],
  ['sort', sortList],
  ['string', (input, _args, budget) => writeValue(input, budget)],
  ['striptags', (input, [keepsLines], budget) => stripTags(input, keepsLines, budget)],
  [
    'sum',
    (input, [attribute, start], budget) =>
      addValues(
        start ?? 0,
        listOf(input, 'sum', budget)
          .map((item) => (isTruthy(attribute) ? lookUp(item, attribute, budget) : item))
          .reduce<unknown>((sum, each) => addValues(sum, each, budget), 0),
        budget,
      ),
  ],
  ['title', (input) => textOf(input, 'title').split(' ').map(capitalize).join(' ')],
  ['trim', (input) => (typeof input === 'string' ? input.trim() : failTemplate('trim takes text'))],
  ['truncate', truncate],
  ['upper', (input) => textOf(input, 'upper').toUpperCase()],
  ['urlencode', (input, _args, budget) => urlEncode(input, budget)],
  ['wordcount', (input) => textOf(input, 'wordcount').match(/\w+/g)?.length ?? null],
]);

function defaultFilter(input: unknown, [otherwise, forFalsy]: readonly unknown[]): unknown {
  return (isTruthy(forFalsy) ? isTruthy(input) : input !== undefined) ? input : otherwise;
}

function orElse(value: number, otherwise: unknown): unknown {
  return Number.isNaN(value) ? otherwise : value;
}

function parseLoaded(input: unknown): unknown {
  try {
    return JSON.parse(textOf(input, 'load'));
  } catch (error) {
    return failTemplate(error instanceof Error ? error.message : 'load takes JSON');
  }
}

function selectByAttribute(input: unknown, name: unknown, wanted: boolean, budget: Budget): unknown {
  return listOf(input, 'selectattr', budget).filter(
    (item) => isTruthy(lookUp(item, name, budget)) === wanted,
  );
}

type Test = (value: unknown, argument: unknown, budget: Budget) => boolean;

const isSame: Test = (value, argument) => value === argument;
const isGreater: Test = (value, argument, budget) => compareValues('>', value, argument, budget);
const isLess: Test = (value, argument, budget) => compareValues('<', value, argument, budget);
const remainder = (value: unknown, divisor: unknown, budget: Budget) =>
  toNumber(value, budget) % toNumber(divisor, budget);

/** What may stand after `is`. */
export const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['defined', (value) => value !== undefined],
  ['undefined', (value) => value === undefined],
  ['null', (value) => value === null],
  ['none', (value) => value === null],
  ['number', (value) => typeof value === 'number'],
  ['string', (value) => typeof value === 'string'],
  ['truthy', isTruthy],
  ['falsy', (value) => !isTruthy(value)],
  ['equalto', isSame],
  ['eq', isSame],
  ['sameas', isSame],
  ['ne', (value, argument) => value !== argument],
  ['greaterthan', isGreater],
  ['gt', isGreater],
  ['lessthan', isLess],
  ['lt', isLess],
  ['ge', (value, argument, budget) => compareValues('>=', value, argument, budget)],
  ['le', (value, argument, budget) => compareValues('<=', value, argument, budget)],
  ['even', (value, _argument, budget) => remainder(value, 2, budget) === 0],
  ['odd', (value, _argument, budget) => remainder(value, 2, budget) === 1],
  ['divisibleby', (value, argument, budget) => remainder(value, argument, budget) === 0],
  ['lower', (value) => typeof value === 'string' && value.toLowerCase() === value],
  ['upper', (value) => typeof value === 'string' && value.toUpperCase() === value],
  ['iterable', (value) => typeof value === 'string' || isList(value)],
  ['mapping', isDict],
]);
