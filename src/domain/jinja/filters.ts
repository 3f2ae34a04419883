import { translatePattern } from '../text/python-pattern';
import { ArgumentReader } from './arguments';
import { binary, passes } from './operators';
import { capitalize, replaceText, stripText, titleCase } from './text-methods';
import {
  compare,
  fail,
  isEqual,
  isTruthy,
  itemsOf,
  iterate,
  numberOf,
  orUndefined,
  PyDict,
  PyFloat,
  PySequence,
  toText,
  Undefined,
  type Arguments,
  type Budget,
  type Value,
} from './values';

type Filter = (value: Value, read: ArgumentReader, budget: Budget) => Value;

const length: Filter = (value) => (typeof value === 'string' ? Array.from(value) : iterate(value)).length;
const defaultOf = (value: Value | undefined): Value => (value === undefined ? '' : value);
const fallback: Filter = (value, read) =>
  value instanceof Undefined || (read.flag('boolean', false) && !isTruthy(value))
    ? defaultOf(read.get('default_value'))
    : value;

type FilterEntry = readonly [string, readonly [readonly string[], Filter]];
const NO_ARGUMENTS: Arguments = { positional: [], named: new Map() };

const FILTERS: ReadonlyMap<string, readonly [readonly string[], Filter]> = new Map<
  string,
  readonly [readonly string[], Filter]
>([
  ['length', [[], length]],
  ['count', [[], length]],
  ['default', [['default_value', 'boolean'], fallback]],
  ['d', [['default_value', 'boolean'], fallback]],
  ['string', [[], (value) => toText(value)]],
  ['safe', [[], (value) => value]],
  ['tojson', [['indent'], (value, read, budget) => budget.text(writeJson(value, read.integer('indent', 0)))]],
  [
    'indent',
    [
      ['width', 'first', 'blank'],
      (value, read, budget) => {
        const width = read.get('width') ?? 4;
        const margin =
          typeof width === 'string' ? width : ' '.repeat(Math.min(100, Math.max(0, numberOf(width) ?? 4)));
        const isKept = read.flag('blank', false);
        const lines = toText(value).split('\n');
        const indented = lines.map((line, at) =>
          (at === 0 && !read.flag('first', false)) || (line === '' && !isKept) ? line : margin + line,
        );
        return budget.text(indented.join('\n'));
      },
    ],
  ],
  [
    'dictsort',
    [
      [],
      (value) =>
        value instanceof PyDict
          ? value
              .entries()
              .sort(([one], [other]) => compare(toText(one).toLowerCase(), toText(other).toLowerCase()))
              .map((each) => new PySequence(each))
          : fail('TypeError', 'dictsort takes a mapping'),
    ],
  ],
  ['list', [[], (value) => [...iterate(value)]]],
  ['first', [[], (value) => orUndefined(iterate(value)[0], 'No first item, sequence was empty.')]],
  ['last', [[], (value) => orUndefined(iterate(value).at(-1), 'No last item, sequence was empty.')]],
  [
    'join',
    [
      ['d', 'attribute'],
      (value, read, budget) =>
        budget.text(
          iterate(value)
            .map((each) => toText(pick(each, read.get('attribute'))))
            .join(toText(read.get('d') ?? '')),
        ),
    ],
  ],
  [
    'map',
    [
      ['filter', 'attribute', 'default'],
      (value, read, budget) => {
        const name = read.get('filter');
        if (name !== undefined)
          return iterate(value).map((each) => applyFilter(toText(name), each, NO_ARGUMENTS, budget));
        const other = read.get('default');
        return iterate(value).map((each) => {
          const found = pick(each, read.need('attribute'));
          return found instanceof Undefined && other !== undefined ? other : found;
        });
      },
    ],
  ],
  ...(['select', 'reject'] as const).map((name): FilterEntry => [
    name,
    [
      ['test', 'value'],
      (value, read) => iterate(value).filter((each) => chooses(each, read) === (name === 'select')),
    ],
  ]),
  ...(['selectattr', 'rejectattr'] as const).map((name): FilterEntry => [
    name,
    [
      ['attribute', 'test', 'value'],
      (value, read) =>
        iterate(value).filter(
          (each) => chooses(pick(each, read.need('attribute')), read) === (name === 'selectattr'),
        ),
    ],
  ]),
  ['wordcount', [[], (value) => (toText(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length]],
  ['round', [['precision'], (value, read) => round(needNumber(value), read.integer('precision', 0))]],
  [
    'batch',
    [
      ['linecount', 'fill_with'],
      (value, read) => {
        const size = Math.max(1, read.integer('linecount'));
        const fill = read.get('fill_with');
        const items = iterate(value);
        return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => {
          const row = items.slice(at * size, (at + 1) * size);
          const missing = fill === undefined || fill === null ? 0 : Math.min(size - row.length, 1_000);
          return [...row, ...Array.from({ length: missing }, () => fill ?? null)];
        });
      },
    ],
  ],
  ['upper', [[], (value) => toText(value).toUpperCase()]],
  ['lower', [[], (value) => toText(value).toLowerCase()]],
  ['title', [[], (value) => titleCase(toText(value))]],
  ['capitalize', [[], (value) => capitalize(toText(value))]],
  ['trim', [['chars'], (value, read) => stripText(toText(value), read.get('chars'), 'both')]],
  [
    'replace',
    [
      ['old', 'new', 'count'],
      (value, read, budget) =>
        budget.text(
          replaceText(toText(value), read.text('old'), read.text('new'), read.integer('count', -1)),
        ),
    ],
  ],
  ['regex_replace', [['pattern', 'repl', 'count'], replacePattern]],
  [
    'reverse',
    [
      [],
      (value) =>
        typeof value === 'string' ? Array.from(value).reverse().join('') : [...iterate(value)].reverse(),
    ],
  ],
  [
    'sort',
    [
      ['reverse', 'case_sensitive', 'attribute'],
      (value, read) => {
        const keyOf = (each: Value) => {
          const key = pick(each, read.get('attribute'));
          return typeof key === 'string' && !read.flag('case_sensitive', false) ? key.toLowerCase() : key;
        };
        const sign = read.flag('reverse', false) ? -1 : 1;
        return [...iterate(value)].sort((a, b) => sign * compare(keyOf(a), keyOf(b)));
      },
    ],
  ],
  [
    'unique',
    [
      [],
      (value) => {
        const fold = (each: Value) => (typeof each === 'string' ? each.toLowerCase() : each);
        const all = iterate(value);
        return all.filter((each, at) => all.findIndex((one) => isEqual(fold(one), fold(each))) === at);
      },
    ],
  ],
  [
    'items',
    [
      [],
      (value) =>
        value instanceof PyDict
          ? value.entries().map((each) => new PySequence(each))
          : fail('TypeError', 'Can only get item pairs from a mapping.'),
    ],
  ],
  [
    'int',
    [['default'], (value, read) => Math.trunc(parse(value, /^[-+]?\d+/) ?? read.integer('default', 0))],
  ],
  ['float', [[], (value) => new PyFloat(parse(value, /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i) ?? 0)]],
  [
    'abs',
    [
      [],
      (value) =>
        value instanceof PyFloat ? new PyFloat(Math.abs(value.value)) : Math.abs(needNumber(value)),
    ],
  ],
  [
    'sum',
    [
      ['attribute', 'start'],
      (value, read, budget) =>
        iterate(value).reduce<Value>(
          (sum, each) => binary('+', sum, pick(each, read.get('attribute')), budget),
          read.get('start') ?? 0,
        ),
    ],
  ],
  [
    'max',
    [
      [],
      (value) =>
        [...iterate(value)].sort((a, b) => compare(b, a))[0] ??
        new Undefined('No aggregated item, sequence was empty.'),
    ],
  ],
  [
    'min',
    [
      [],
      (value) =>
        [...iterate(value)].sort(compare)[0] ?? new Undefined('No aggregated item, sequence was empty.'),
    ],
  ],
]);

/** As Python's `json.dumps` with `ensure_ascii=False`, which chat templates are rendered with. */
function writeJson(value: Value, indent: number, margin = ''): string {
  const inner = margin + ' '.repeat(Math.min(20, Math.max(0, indent)));
  const wrap = (open: string, parts: readonly string[], close: string) => {
    if (parts.length === 0) return open + close;
    if (indent <= 0) return open + parts.join(', ') + close;
    return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
  };
  if (value instanceof PyDict) {
    const parts = value
      .entries()
      .map(([key, each]) => `${JSON.stringify(toText(key))}: ${writeJson(each, indent, inner)}`);
    return wrap('{', parts, '}');
  }
  const items = itemsOf(value);
  if (items !== undefined)
    return wrap(
      '[',
      items.map((each) => writeJson(each, indent, inner)),
      ']',
    );
  if (value instanceof PyFloat) return toText(value);
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return JSON.stringify(value);
  return fail('TypeError', 'it is not JSON serializable');
}

/** Whether an item passes the test that a filter names; without one, whether it is true. */
function chooses(item: Value, read: ArgumentReader): boolean {
  const test = read.get('test');
  const other = read.get('value');
  if (test === undefined) return isTruthy(item);
  return passes(toText(test), item, other === undefined ? [] : [other]);
}

/** Python's `round` to places after the point: exact halves go to the even neighbour. Always a float, as in Jinja. */
function round(value: number, places: number): PyFloat {
  const digits = Math.min(20, Math.max(0, places));
  const scaled = value * 10 ** digits;
  const isHalf = digits === 0 && Math.abs(scaled % 1) === 0.5;
  return new PyFloat(isHalf ? 2 * Math.round(scaled / 2) : Number(value.toFixed(digits)));
}

function pick(value: Value, path: Value | undefined): Value {
  if (path === undefined || path === null) return value;
  return String(typeof path === 'object' ? '' : path)
    .split('.')
    .reduce<Value>((each, name) => {
      const key = /^\d+$/.test(name) ? Number(name) : name;
      const found = each instanceof PyDict ? each.get(key) : itemsOf(each)?.[Number(key)];
      return orUndefined(found, `object has no attribute '${name}'`);
    }, value);
}

function parse(value: Value, pattern: RegExp): number | undefined {
  if (typeof value !== 'string') return numberOf(value);
  const text = value.trim().replaceAll('_', '');
  return pattern.test(text) ? Number(text) : undefined;
}

function needNumber(value: Value): number {
  return numberOf(value) ?? fail('TypeError', 'expected a number');
}

/** Groups that repeat what repeats can take time without bound. */
const NESTED_REPEATS = /\((?:[^()\\]|\\.)*[*+}](?:[^()\\]|\\.)*\)[*+{]/;
const MAX_PATTERN_INPUT = 20_000;

/** Python's `re.sub`, for patterns that JavaScript writes alike. */
function replacePattern(value: Value, read: ArgumentReader, budget: Budget): Value {
  const text = toText(value);
  const source = read.text('pattern');
  if (NESTED_REPEATS.test(source) || text.length > MAX_PATTERN_INPUT) {
    fail('regex_replace', 'the pattern or its text takes too long');
  }
  const most = read.integer('count', 0);
  const repl = read.text('repl');
  let count = 0;
  const { source: pattern, flags } = translatePattern(source);
  const regex = new RegExp(pattern, `g${flags}`);
  return budget.text(
    text.replace(regex, (all: string, ...rest: readonly unknown[]) => {
      if (most > 0 && ++count > most) return all;
      const groups = rest.filter((each) => typeof each === 'string' || each === undefined).slice(0, -1);
      return repl.replace(/\\(?:g<(\d+)>|(\d))/g, (_, long?: string, short?: string) => {
        const at = Number(long ?? short);
        return at === 0 ? all : (groups[at - 1] ?? '');
      });
    }),
  );
}

/** @throws FaultError `bad-input` for a filter that is not here */
export function applyFilter(name: string, value: Value, args: Arguments, budget: Budget): Value {
  const found = FILTERS.get(name);
  if (found === undefined) return fail('TemplateAssertionError', `No filter named '${name}'.`);
  budget.step();
  return found[1](value, new ArgumentReader(name, args, found[0]), budget);
}
