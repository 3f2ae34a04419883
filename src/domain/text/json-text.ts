import * as v from 'valibot';

/** Deeper or larger than any JSON that a person writes into a test. */
const MAX_DEPTH = 100;
const MAX_NODES = 20_000;
const MAX_CHARACTERS = 100_000;

/** What JSON can hold, within bounds. */
export const jsonValueSchema = v.custom<unknown>((input) => isJson(input), 'expected JSON');

function isJson(input: unknown): boolean {
  let nodes = 0;
  const visit = (value: unknown, depth: number): boolean => {
    if (depth > MAX_DEPTH || ++nodes > MAX_NODES) return false;
    if (value === null || typeof value === 'boolean') return true;
    if (typeof value === 'string') return value.length <= MAX_CHARACTERS;
    if (typeof value === 'number') return Number.isFinite(value);
    if (typeof value !== 'object') return false;
    if (Array.isArray(value)) return value.every((each) => visit(each, depth + 1));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    return Object.values(value).every((each) => visit(each, depth + 1));
  };
  return visit(input, 0);
}

/** @returns undefined when the text is not JSON */
export function readJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Equal in content, whatever the order of keys. `one` must be within the bounds of `jsonValueSchema`. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(other).length &&
    entries.every(
      ([key, value]) => Object.hasOwn(other, key) && isSameJson(value, other[key as keyof typeof other]),
    )
  );
}

/** Characters looked at, however many braces there are: text of braces only must not take quadratic time. */
const SEARCH_BUDGET = 2_000_000;
const MAX_OBJECTS = 50;

/** The JSON objects in a text, as text, from left to right; those inside others do not count. */
export function findJsonObjects(text: string): readonly string[] {
  const found: string[] = [];
  let budget = SEARCH_BUDGET;
  for (let start = text.indexOf('{'); start !== -1 && budget > 0 && found.length < MAX_OBJECTS;) {
    const end = findClosingBrace(text, start, budget);
    budget -= (end ?? text.length) - start;
    const candidate = end === undefined ? undefined : text.slice(start, end);
    const isObject = candidate !== undefined && readJson(candidate) !== undefined;
    if (isObject) found.push(candidate);
    start = text.indexOf('{', isObject ? start + candidate.length : start + 1);
  }
  return found;
}

/** @returns the position after the brace that closes the one at `start` */
function findClosingBrace(text: string, start: number, budget: number): number | undefined {
  const stop = Math.min(text.length, start + budget);
  let depth = 0;
  let isQuoted = false;
  for (let at = start; at < stop; at++) {
    const character = text[at];
    if (isQuoted) {
      if (character === '\\') at++;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}
