import { ArgumentReader } from './arguments';
import { capitalize, replaceText, stripText, titleCase } from './text-methods';
import {
  compare,
  fail,
  isEqual,
  isTruthy,
  itemsOf,
  iterate,
  numberOf,
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
const fallback: Filter = (value, read) =>
  value instanceof Undefined || (read.flag('boolean', false) && !isTruthy(value))
    ? (read.get('default_value') ?? '')
    : value;

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
  ['list', [[], (value) => [...iterate(value)]]],
  ['first', [[], (value) => iterate(value)[0] ?? new Undefined('No first item, sequence was empty.')]],
  ['last', [[], (value) => iterate(value).at(-1) ?? new Undefined('No last item, sequence was empty.')]],
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
      ['attribute', 'default'],
      (value, read) => iterate(value).map((each) => pick(each, read.need('attribute'))),
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
  ['sum', [[], (value) => iterate(value).reduce<number>((sum, each) => sum + needNumber(each), 0)]],
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

function pick(value: Value, path: Value | undefined): Value {
  if (path === undefined || path === null) return value;
  return String(typeof path === 'object' ? '' : path)
    .split('.')
    .reduce<Value>((each, name) => {
      const key = /^\d+$/.test(name) ? Number(name) : name;
      const found = each instanceof PyDict ? each.get(key) : itemsOf(each)?.[Number(key)];
      return found ?? new Undefined(`object has no attribute '${name}'`);
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
  const inline = /^\(\?([ims]+)\)/.exec(source);
  const pattern = source.slice(inline?.[0].length ?? 0).replaceAll('(?P<', '(?<');
  const most = read.integer('count', 0);
  const repl = read.text('repl');
  let count = 0;
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, `g${inline?.[1] ?? ''}u`);
  } catch {
    return fail('regex_replace', `no pattern: ${source}`);
  }
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
