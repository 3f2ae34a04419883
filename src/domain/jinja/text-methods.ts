import { PYTHON_SPACE, stripSpace } from '../text/python-text';
import { ArgumentReader } from './arguments';
import {
  fail,
  itemsOf,
  iterate,
  PySequence,
  PyFunction,
  toText,
  type Arguments,
  type Budget,
  type Value,
} from './values';

const SPACES = new RegExp(`[${PYTHON_SPACE}]+`);

export function stripText(
  text: string,
  characters: Value | undefined,
  ends: 'both' | 'left' | 'right',
): string {
  if (typeof characters !== 'string') return stripSpace(text, ends);
  const letters = Array.from(text);
  const set = new Set(characters);
  let [start, end] = [0, letters.length];
  if (ends !== 'right') while (start < end && set.has(letters[start] ?? '')) start++;
  if (ends !== 'left') while (end > start && set.has(letters[end - 1] ?? '')) end--;
  return letters.slice(start, end).join('');
}

export function replaceText(text: string, from: string, to: string, count: number): string {
  if (count < 0) return text.replaceAll(from, () => to);
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  return parts.map((part, at) => (at === 0 ? part : (at <= count ? to : from) + part)).join('');
}

function split(text: string, separator: Value | undefined, most: number): string[] {
  if (typeof separator === 'string') {
    if (separator === '') fail('ValueError', 'empty separator');
    const parts = text.split(separator);
    return most < 0 || parts.length <= most + 1
      ? parts
      : [...parts.slice(0, most), parts.slice(most).join(separator)];
  }
  const parts: string[] = [];
  let rest = stripText(text, undefined, 'left');
  while (rest !== '') {
    const found = most >= 0 && parts.length >= most ? undefined : SPACES.exec(rest);
    if (found === undefined || found === null) {
      parts.push(found === undefined ? rest : rest);
      break;
    }
    parts.push(rest.slice(0, found.index));
    rest = rest.slice(found.index + found[0].length);
  }
  return parts;
}

export function capitalize(text: string): string {
  const [first = '', ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join('').toLowerCase();
}

export function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, capitalize);
}

function endsOf(value: Value): readonly string[] {
  return (itemsOf(value) ?? [value]).map((each) =>
    typeof each === 'string' ? each : fail('TypeError', 'expected text'),
  );
}

type Method = (text: string, read: ArgumentReader, budget: Budget) => Value;
const METHODS: ReadonlyMap<string, readonly [readonly string[], Method]> = new Map<
  string,
  readonly [readonly string[], Method]
>([
  ['strip', [['chars'], (text, read) => stripText(text, read.get('chars'), 'both')]],
  ['lstrip', [['chars'], (text, read) => stripText(text, read.get('chars'), 'left')]],
  ['rstrip', [['chars'], (text, read) => stripText(text, read.get('chars'), 'right')]],
  ['upper', [[], (text) => text.toUpperCase()]],
  ['lower', [[], (text) => text.toLowerCase()]],
  ['casefold', [[], (text) => text.toLowerCase()]],
  ['title', [[], (text) => titleCase(text)]],
  ['capitalize', [[], (text) => capitalize(text)]],
  [
    'split',
    [['sep', 'maxsplit'], (text, read) => split(text, read.get('sep'), read.integer('maxsplit', -1))],
  ],
  ['splitlines', [[], (text) => text.replace(/(\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/)]],
  [
    'replace',
    [
      ['old', 'new', 'count'],
      (text, read, budget) =>
        budget.text(replaceText(text, read.text('old'), read.text('new'), read.integer('count', -1))),
    ],
  ],
  [
    'join',
    [['items'], (text, read, budget) => budget.text(iterate(read.need('items')).map(toText).join(text))],
  ],
  [
    'startswith',
    [['prefix'], (text, read) => endsOf(read.need('prefix')).some((each) => text.startsWith(each))],
  ],
  ['endswith', [['suffix'], (text, read) => endsOf(read.need('suffix')).some((each) => text.endsWith(each))]],
  ['find', [['sub'], (text, read) => findIn(text, read.text('sub'))]],
  [
    'rfind',
    [
      ['sub'],
      (text, read) => Array.from(text.slice(0, Math.max(0, text.lastIndexOf(read.text('sub'))))).length,
    ],
  ],
  [
    'index',
    [
      ['sub'],
      (text, read) => {
        const at = findIn(text, read.text('sub'));
        return at < 0 ? fail('ValueError', 'substring not found') : at;
      },
    ],
  ],
  ['count', [['sub'], (text, read) => text.split(read.text('sub')).length - 1]],
  ['isdigit', [[], (text) => /^\p{Nd}+$/u.test(text)]],
  ['isalpha', [[], (text) => /^\p{L}+$/u.test(text)]],
  ['isspace', [[], (text) => /^\s+$/.test(text)]],
  ['isupper', [[], (text) => text === text.toUpperCase() && text !== text.toLowerCase()]],
  ['islower', [[], (text) => text === text.toLowerCase() && text !== text.toUpperCase()]],
  ['zfill', [['width'], (text, read, budget) => padded(read, budget, (width) => text.padStart(width, '0'))]],
  ['ljust', [['width'], (text, read, budget) => padded(read, budget, (width) => text.padEnd(width))]],
  ['rjust', [['width'], (text, read, budget) => padded(read, budget, (width) => text.padStart(width))]],
  ['removeprefix', [['prefix'], (text, read) => cutStart(text, read.text('prefix'))]],
  ['removesuffix', [['suffix'], (text, read) => cutEnd(text, read.text('suffix'))]],
  [
    'partition',
    [
      ['sep'],
      (text, read) => {
        const sep = read.text('sep');
        const at = text.indexOf(sep);
        return new PySequence(
          at < 0 ? [text, '', ''] : [text.slice(0, at), sep, text.slice(at + sep.length)],
        );
      },
    ],
  ],
]);

function findIn(text: string, part: string): number {
  const at = text.indexOf(part);
  return at < 0 ? -1 : Array.from(text.slice(0, at)).length;
}

function padded(read: ArgumentReader, budget: Budget, pad: (width: number) => string): string {
  const width = read.integer('width');
  budget.write(Math.max(0, width));
  return pad(width);
}

function cutStart(text: string, part: string): string {
  return part !== '' && text.startsWith(part) ? text.slice(part.length) : text;
}

function cutEnd(text: string, part: string): string {
  return part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text;
}

/** A method of Python's `str`, bound to the text. */
export function textMethod(text: string, name: string, budget: Budget): PyFunction | undefined {
  const found = METHODS.get(name);
  if (found === undefined) return undefined;
  const [signature, method] = found;
  return new PyFunction(name, (args: Arguments) =>
    method(text, new ArgumentReader(name, args, signature), budget),
  );
}
