import { badInput } from '../fault';

/** Python's values, as far as Jinja templates meet them. A JavaScript number is an int; floats have a class of their own. */
export type Value =
  | string
  | number
  | boolean
  | null
  | PyFloat
  | PyDict
  | PySequence
  | PyNamespace
  | PyFunction
  | Undefined
  | Value[];

export class PyFloat {
  constructor(readonly value: number) {}
}

/** Keys are kept by what they are in Python: `1` and `True` are one key. */
export class PyDict {
  readonly #entries = new Map<string, readonly [Value, Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashKey(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashKey(key));
  }

  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }

  delete(key: Value): void {
    this.#entries.delete(hashKey(key));
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
}

/** What cannot be changed: tuples, and what a dict gives as its keys, values and items. */
export class PySequence {
  constructor(
    readonly items: readonly Value[],
    readonly kind: 'tuple' | 'dict_keys' | 'dict_values' | 'dict_items' = 'tuple',
  ) {}
}

export class PyNamespace {
  constructor(readonly attributes: Map<string, Value>) {}
}

export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

export class PyFunction {
  constructor(
    readonly name: string,
    readonly call: (args: Arguments) => Value,
  ) {}
}

/**
 * A name or a part that is not there. Any use but asking whether it is defined is an error (Jinja's StrictUndefined);
 * within `allowUndefined` it prints as nothing, is false, and has no items (its own Undefined).
 */
export class Undefined {
  constructor(readonly message: string) {}
}

let isUndefinedAllowed = false;

/** Renders as Jinja does by default, what is undefined included. */
export function allowUndefined<Result>(render: () => Result): Result {
  isUndefinedAllowed = true;
  try {
    return render();
  } finally {
    isUndefinedAllowed = false;
  }
}

/** What is not there, where that is nothing and no error. */
export function isNothing(value: Value): boolean {
  return isUndefinedAllowed && value instanceof Undefined;
}

/** What was found, which may be None; where nothing was, an undefined value. */
export function orUndefined(found: Value | undefined, message: string): Value {
  return found === undefined ? new Undefined(message) : found;
}

/** @throws FaultError `bad-input` */
export function fail(kind: string, message: string): never {
  throw badInput('template', `${kind}: ${message}`);
}

/** The value, unless it is undefined. @throws FaultError `bad-input` */
export function need(value: Value): Exclude<Value, Undefined> {
  if (value instanceof Undefined) fail('UndefinedError', value.message);
  return value;
}

function hashKey(key: Value): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'number') return `n${key}`;
  if (typeof key === 'boolean') return `n${Number(key)}`;
  if (key === null) return 'none';
  if (key instanceof PyFloat) return `n${key.value}`;
  if (key instanceof PySequence && key.kind === 'tuple') {
    return `t${JSON.stringify(key.items.map(hashKey))}`;
  }
  return fail('TypeError', `unhashable type: '${typeName(need(key))}'`);
}

export function typeName(value: Value): string {
  if (typeof value === 'string') return 'str';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'boolean') return 'bool';
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (value instanceof PyFloat) return 'float';
  if (value instanceof PyDict) return 'dict';
  if (value instanceof PySequence) return value.kind;
  if (value instanceof PyNamespace) return 'Namespace';
  return value instanceof PyFunction ? 'function' : 'Undefined';
}

/** A row's data as Python reads it from JSON: a copy, so that a template cannot change the row. */
export function fromJson(data: unknown): Value {
  if (typeof data === 'number') return Number.isInteger(data) ? data : new PyFloat(data);
  if (typeof data === 'string' || typeof data === 'boolean') return data;
  if (Array.isArray(data)) return data.map(fromJson);
  if (typeof data === 'object' && data !== null) {
    return new PyDict(Object.entries(data).map(([key, value]) => [key, fromJson(value)] as const));
  }
  return null;
}

/** Back to plain data: tuples become lists, keys become text. */
export function toJson(value: Value): unknown {
  if (value instanceof PyFloat) return value.value;
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof PySequence) return value.items.map(toJson);
  if (value instanceof PyDict) {
    return Object.fromEntries(value.entries().map(([key, each]) => [toText(key), toJson(each)]));
  }
  return typeof value === 'object' && value !== null ? null : value;
}

export function isTruthy(value: Value): boolean {
  if (isNothing(value)) return false;
  const known = need(value);
  if (known === null || known === false || known === '' || known === 0) return false;
  if (known instanceof PyFloat) return known.value !== 0;
  if (known instanceof PyDict) return known.size > 0;
  if (Array.isArray(known)) return known.length > 0;
  return !(known instanceof PySequence) || known.items.length > 0;
}

export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof PyFloat ? value.value : undefined;
}

export function isEqual(a: Value, b: Value): boolean {
  if (isNothing(a) || isNothing(b)) return a instanceof Undefined && b instanceof Undefined;
  const [left, right] = [need(a), need(b)];
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== undefined && other !== undefined) return one === other;
  if (Array.isArray(left) && Array.isArray(right)) return areEqual(left, right);
  if (left instanceof PySequence && right instanceof PySequence) {
    return left.kind === right.kind && areEqual(left.items, right.items);
  }
  if (left instanceof PyDict && right instanceof PyDict) {
    return (
      left.size === right.size &&
      left.entries().every(([key, value]) => right.has(key) && isEqual(value, right.get(key) ?? null))
    );
  }
  return left === right;
}

function areEqual(left: readonly Value[], right: readonly Value[]): boolean {
  return left.length === right.length && left.every((each, at) => isEqual(each, right[at] ?? null));
}

/** Below, equal or above 0, by code points for text. @throws FaultError `bad-input` for what has no order */
export function compare(a: Value, b: Value): number {
  const [left, right] = [need(a), need(b)];
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== undefined && other !== undefined) return one - other;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  const [many, others] = [itemsOf(left), itemsOf(right)];
  if (many !== undefined && others !== undefined && typeName(left) === typeName(right)) {
    for (const [at, each] of many.entries()) {
      const against = others[at];
      if (against === undefined) return 1;
      if (!isEqual(each, against)) return compare(each, against);
    }
    return many.length - others.length;
  }
  return fail('TypeError', `'${typeName(left)}' and '${typeName(right)}' have no order`);
}

function compareText(left: string, right: string): number {
  const [one, other] = [Array.from(left), Array.from(right)];
  for (const [at, each] of one.entries()) {
    const difference = (each.codePointAt(0) ?? 0) - (other[at]?.codePointAt(0) ?? -1);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

/** The items of a list or tuple. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  return Array.isArray(value) ? value : value instanceof PySequence ? value.items : undefined;
}

/** What a loop over the value goes through. @throws FaultError `bad-input` */
export function iterate(value: Value): readonly Value[] {
  if (isNothing(value)) return [];
  const known = need(value);
  if (typeof known === 'string') return Array.from(known);
  if (known instanceof PyDict) return known.entries().map(([key]) => key);
  return itemsOf(known) ?? fail('TypeError', `'${typeName(known)}' object is not iterable`);
}

/** Python's `str`. */
export function toText(value: Value): string {
  if (isNothing(value)) return '';
  return typeof value === 'string' ? value : toRepr(value);
}

/** Python's `repr`. */
export function toRepr(value: Value): string {
  const known = need(value);
  if (typeof known === 'string') return quote(known);
  if (typeof known === 'number') return String(known);
  if (typeof known === 'boolean') return known ? 'True' : 'False';
  if (known === null) return 'None';
  if (known instanceof PyFloat) return floatText(known.value);
  if (Array.isArray(known)) return `[${known.map(toRepr).join(', ')}]`;
  if (known instanceof PyDict) {
    return `{${known
      .entries()
      .map(([key, each]) => `${toRepr(key)}: ${toRepr(each)}`)
      .join(', ')}}`;
  }
  if (known instanceof PySequence) {
    const inner = known.items.map(toRepr).join(', ');
    if (known.kind !== 'tuple') return `${known.kind}([${inner}])`;
    return known.items.length === 1 ? `(${inner},)` : `(${inner})`;
  }
  return `<${typeName(known)}>`;
}

/** The shortest text that reads back as the number, with an exponent from 1e16 on and below 1e-4. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits}e${exponent.startsWith('-') ? '-' : '+'}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** What Python does not print as it is: separators but the space, control and unassigned characters. */
const UNPRINTABLE = /[\p{Zl}\p{Zp}\p{Zs}\p{C}]/u;

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = Array.from(text, (letter) => {
    if (letter === mark) return `\\${letter}`;
    const escape = ESCAPES[letter];
    if (escape !== undefined) return escape;
    if (letter === ' ' || !UNPRINTABLE.test(letter)) return letter;
    const code = letter.codePointAt(0) ?? 0;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x1_0000
      ? `\\u${code.toString(16).padStart(4, '0')}`
      : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return mark + inner.join('') + mark;
}

/** Bounds what a foreign template may do: each step and each character it makes counts. */
export class Budget {
  #steps = 0;
  #characters = 0;

  constructor(
    private readonly maxSteps: number,
    private readonly maxCharacters: number,
  ) {}

  /** @throws FaultError `bad-input` */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.maxSteps) throw badInput('template', 'it takes too many steps');
  }

  /** @throws FaultError `bad-input` */
  write(characters: number): void {
    this.#characters += characters;
    if (this.#characters > this.maxCharacters) throw badInput('template', 'its result is too long');
  }

  /** The same text, counted. @throws FaultError `bad-input` */
  text(made: string): string {
    this.write(made.length);
    return made;
  }
}
