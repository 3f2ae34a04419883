import { ArgumentReader } from './arguments';
import { textMethod } from './text-methods';
import {
  fail,
  isEqual,
  PyDict,
  PyFunction,
  PyNamespace,
  PySequence,
  toRepr,
  type Budget,
  type Value,
} from './values';

type Method = readonly [readonly string[], (read: ArgumentReader) => Value];

/** An attribute as Python finds it on a value: its methods, not its items. */
export function attributeOf(value: Value, name: string, budget: Budget): Value | undefined {
  if (typeof value === 'string') return textMethod(value, name, budget);
  if (value instanceof PyNamespace) return value.attributes.get(name);
  const methods =
    value instanceof PyDict
      ? dictMethods(value)
      : Array.isArray(value)
        ? { ...sequenceMethods(value), ...listMethods(value, budget) }
        : value instanceof PySequence && value.kind === 'tuple'
          ? sequenceMethods(value.items)
          : {};
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (found === undefined) return undefined;
  return new PyFunction(name, (args) => found[1](new ArgumentReader(name, args, found[0])));
}

/** The first that is there, be it None; None where none is. */
function firstOf(...values: readonly (Value | undefined)[]): Value {
  return values.find((value) => value !== undefined) ?? null;
}

function dictMethods(dict: PyDict): Readonly<Record<string, Method>> {
  return {
    get: [['key', 'default'], (read) => firstOf(dict.get(read.need('key')), read.get('default'))],
    keys: [
      [],
      () =>
        new PySequence(
          dict.entries().map(([key]) => key),
          'dict_keys',
        ),
    ],
    values: [
      [],
      () =>
        new PySequence(
          dict.entries().map(([, each]) => each),
          'dict_values',
        ),
    ],
    items: [
      [],
      () =>
        new PySequence(
          dict.entries().map(([key, each]) => new PySequence([key, each])),
          'dict_items',
        ),
    ],
    copy: [[], () => new PyDict(dict.entries())],
  };
}

function sequenceMethods(items: readonly Value[]): Readonly<Record<string, Method>> {
  return {
    index: [
      ['value'],
      (read) => {
        const wanted = read.need('value');
        const at = items.findIndex((each) => isEqual(each, wanted));
        return at < 0 ? fail('ValueError', `${toRepr(wanted)} is not in list`) : at;
      },
    ],
    count: [['value'], (read) => items.filter((each) => isEqual(each, read.need('value'))).length],
  };
}

function listMethods(list: Value[], budget: Budget): Readonly<Record<string, Method>> {
  return {
    append: [
      ['value'],
      (read) => {
        budget.step();
        list.push(read.need('value'));
        return null;
      },
    ],
    pop: [
      ['index'],
      (read) => {
        const [taken] = list.splice(read.integer('index', -1), 1);
        return taken === undefined ? fail('IndexError', 'pop from an empty list') : taken;
      },
    ],
    copy: [[], () => [...list]],
  };
}
