import { failTemplate } from './nunjucks-tokens';

/** A function of a template: a macro, a caller, or one that every template has. */
export class Callable {
  constructor(
    readonly call: (positional: readonly unknown[], named: ReadonlyMap<string, unknown>) => unknown,
  ) {}
}

type Dict = Readonly<Record<string, unknown>>;

export const MAX_OUTPUT_CHARACTERS = 200_000;
const MAX_STEPS = 200_000;
/** So many characters cost as much as one step. */
const STEP_CHARACTERS = 64;

/** What a foreign template may cost: it must not count for ever, nor fill the memory. */
export class Budget {
  #left = MAX_STEPS;

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) failTemplate('it takes too long');
  }

  /** Pays for a text that is about to be made. */
  grow(characters: number): void {
    if (characters > MAX_OUTPUT_CHARACTERS) failTemplate('its result is too long');
    this.spend(1 + characters / STEP_CHARACTERS);
  }

  text(text: string): string {
    this.grow(text.length);
    return text;
  }
}

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Callable);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** A value as JavaScript makes a text of it, paid for: lists may hold each other many times over. */
export function writeValue(value: unknown, budget: Budget): string {
  budget.spend(1);
  if (isList(value)) {
    const parts: string[] = [];
    let length = 0;
    for (const item of value) {
      const part = item === null || item === undefined ? '' : writeValue(item, budget);
      length += part.length + 1;
      budget.grow(length);
      parts.push(part);
    }
    return parts.join(',');
  }
  if (value instanceof Callable) return failTemplate('a function is not a text');
  if (typeof value === 'object' && value !== null) return '[object Object]';
  return budget.text(String(value));
}

/** What is written into the text: nothing for what is not there. */
export function writeOutput(value: unknown, budget: Budget): string {
  return value === undefined || value === null ? '' : writeValue(value, budget);
}

/** As JSON, after its size has been paid for. */
export function writeJson(value: unknown, indent: unknown, budget: Budget): string | undefined {
  const measure = (part: unknown): number => {
    budget.spend(1);
    if (typeof part === 'string') return part.length;
    const inner = isList(part) ? part : isDict(part) ? Object.entries(part).flat() : [];
    let length = 2;
    for (const each of inner) {
      length += measure(each) + 1;
      budget.grow(length);
    }
    return length;
  };
  measure(value);
  const space = typeof indent === 'number' || typeof indent === 'string' ? indent : undefined;
  // It returns undefined for what JSON does not have, whatever its type says.
  const json = JSON.stringify(value, undefined, space) as string | undefined;
  if (json !== undefined) budget.grow(json.length);
  return json;
}

function toPrimitive(value: unknown, budget: Budget): string | number | boolean | null | undefined {
  if (value === null || value === undefined) return value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return writeValue(value, budget);
}

export function addValues(left: unknown, right: unknown, budget: Budget): unknown {
  const [one, other] = [toPrimitive(left, budget), toPrimitive(right, budget)];
  if (typeof one !== 'string' && typeof other !== 'string') return Number(one) + Number(other);
  const texts = [String(one), String(other)];
  budget.grow((texts[0]?.length ?? 0) + (texts[1]?.length ?? 0));
  return texts.join('');
}

export function toNumber(value: unknown, budget: Budget): number {
  return Number(toPrimitive(value, budget));
}

/** Compares as JavaScript's operators do. */
export function compareValues(operator: string, left: unknown, right: unknown, budget: Budget): boolean {
  switch (operator) {
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    case '==':
      return isLooselyEqual(left, right, budget);
    case '!=':
      return !isLooselyEqual(left, right, budget);
  }
  const [one, other] = [toPrimitive(left, budget), toPrimitive(right, budget)];
  const areTexts = typeof one === 'string' && typeof other === 'string';
  const order = areTexts ? (one < other ? -1 : one > other ? 1 : 0) : Number(one) - Number(other);
  if (operator === '<') return areTexts ? order < 0 : Number(one) < Number(other);
  if (operator === '>') return areTexts ? order > 0 : Number(one) > Number(other);
  if (operator === '<=') return areTexts ? order <= 0 : Number(one) <= Number(other);
  return areTexts ? order >= 0 : Number(one) >= Number(other);
}

function isLooselyEqual(left: unknown, right: unknown, budget: Budget): boolean {
  if (left === right) return true;
  if (left === null || left === undefined || right === null || right === undefined) {
    return (left ?? null) === (right ?? null);
  }
  const areObjects = typeof left === 'object' && typeof right === 'object';
  if (areObjects) return false;
  const [one, other] = [toPrimitive(left, budget), toPrimitive(right, budget)];
  if (typeof one === typeof other) return one === other;
  return Number(one) === Number(other);
}

export function isIn(needle: unknown, stack: unknown, budget: Budget): boolean {
  if (typeof stack === 'string') return stack.includes(writeValue(needle, budget));
  if (isList(stack)) {
    budget.spend(stack.length);
    return stack.indexOf(needle) !== -1;
  }
  if (isDict(stack)) return Object.hasOwn(stack, writeValue(needle, budget));
  return failTemplate('in looks only into lists, texts and objects');
}

type Method<Target> = (target: Target, args: readonly unknown[], budget: Budget) => unknown;
const textAt = (args: readonly unknown[], index: number) => {
  const value = args[index];
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : failTemplate('a method of a text takes text');
};
const countAt = (args: readonly unknown[], index: number) =>
  args[index] === undefined ? undefined : Number(args[index]);

const TEXT_METHODS: ReadonlyMap<string, Method<string>> = new Map<string, Method<string>>([
  ['toUpperCase', (text) => text.toUpperCase()],
  ['toLowerCase', (text) => text.toLowerCase()],
  ['trim', (text) => text.trim()],
  ['trimStart', (text) => text.trimStart()],
  ['trimEnd', (text) => text.trimEnd()],
  ['toString', (text) => text],
  ['charAt', (text, args) => text.charAt(countAt(args, 0) ?? 0)],
  ['at', (text, args) => text.at(countAt(args, 0) ?? 0)],
  ['slice', (text, args) => text.slice(countAt(args, 0), countAt(args, 1))],
  ['substring', (text, args) => text.substring(countAt(args, 0) ?? 0, countAt(args, 1))],
  ['includes', (text, args) => text.includes(textAt(args, 0))],
  ['startsWith', (text, args) => text.startsWith(textAt(args, 0))],
  ['endsWith', (text, args) => text.endsWith(textAt(args, 0))],
  ['indexOf', (text, args) => text.indexOf(textAt(args, 0))],
  ['lastIndexOf', (text, args) => text.lastIndexOf(textAt(args, 0))],
  [
    'split',
    (text, args, budget) => {
      budget.spend(text.length);
      return args[0] === undefined ? [text] : text.split(textAt(args, 0), countAt(args, 1));
    },
  ],
  ['replace', (text, args) => text.replace(textAt(args, 0), () => textAt(args, 1))],
  [
    'replaceAll',
    (text, args, budget) => {
      budget.grow((text.length + 1) * (textAt(args, 1).length + 1));
      return text.replaceAll(textAt(args, 0), () => textAt(args, 1));
    },
  ],
  [
    'repeat',
    (text, args, budget) => {
      const times = Math.max(0, countAt(args, 0) ?? 0);
      budget.grow(text.length * times);
      return text.repeat(times);
    },
  ],
  [
    'concat',
    (text, args, budget) => budget.text(text + args.map((each) => writeValue(each, budget)).join('')),
  ],
]);

const LIST_METHODS: ReadonlyMap<string, Method<readonly unknown[]>> = new Map<
  string,
  Method<readonly unknown[]>
>([
  ['join', (list, args, budget) => joinValues(list, args[0] === undefined ? ',' : textAt(args, 0), budget)],
  ['slice', (list, args) => list.slice(countAt(args, 0), countAt(args, 1))],
  ['includes', (list, args) => list.includes(args[0])],
  ['indexOf', (list, args) => list.indexOf(args[0])],
  ['at', (list, args) => list.at(countAt(args, 0) ?? 0)],
  ['concat', (list, args) => list.concat(...args)],
  ['toString', (list, _args, budget) => writeValue(list, budget)],
]);

const NUMBER_METHODS: ReadonlyMap<string, Method<number>> = new Map<string, Method<number>>([
  ['toFixed', (value, args) => value.toFixed(countAt(args, 0))],
  ['toPrecision', (value, args) => value.toPrecision(countAt(args, 0))],
  ['toString', (value) => String(value)],
]);

export function joinValues(list: readonly unknown[], separator: string, budget: Budget): string {
  const parts = list.map((each) => writeOutput(each, budget));
  budget.grow(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return parts.join(separator);
}

/**
 * A member of a value. Only data is reached, and those methods of the language that make no more than a template may
 * hold: every other function leads out of it.
 */
export function lookUp(target: unknown, key: unknown, budget: Budget): unknown {
  if (target === undefined || target === null) return undefined;
  const name = writeValue(key, budget);
  if (typeof target === 'string') {
    if (name === 'length') return target.length;
    if (/^\d+$/.test(name)) return target[Number(name)];
    return bind(TEXT_METHODS, target, name, String.prototype, budget);
  }
  if (isList(target)) {
    if (name === 'length') return target.length;
    if (/^\d+$/.test(name)) return target[Number(name)];
    return bind(LIST_METHODS, target, name, Array.prototype, budget);
  }
  if (typeof target === 'number') return bind(NUMBER_METHODS, target, name, Number.prototype, budget);
  if (isDict(target) && Object.hasOwn(target, name)) return target[name];
  return undefined;
}

function bind<Target>(
  methods: ReadonlyMap<string, Method<Target>>,
  target: Target,
  name: string,
  prototype: object,
  budget: Budget,
): Callable | undefined {
  const method = methods.get(name);
  if (method === undefined) {
    return name in prototype ? failTemplate(`.${name.slice(0, 40)} is not supported`) : undefined;
  }
  return new Callable((args) => {
    // Whatever it makes of its target costs at least as much as to read that.
    budget.spend(
      1 + (typeof target === 'string' ? target.length / STEP_CHARACTERS : isList(target) ? target.length : 0),
    );
    return method(target, args, budget);
  });
}
