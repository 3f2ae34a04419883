import { expect } from 'vitest';

/** Right answers by trying every possibility instead of thinking: a second hand beside the person who wrote a set. */

export const booleans = [false, true];
export const pairs = booleans.flatMap((a) => booleans.map((b) => [a, b] as const));
export const triples = pairs.flatMap(([a, b]) => booleans.map((third) => [a, b, third] as const));

/** Every order of the items. */
export function permute<Item>(items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permute(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** The only distinct answer among all the worlds that satisfy the conditions; fails when there is none or another one. */
export function solve<World>(
  worlds: readonly World[],
  holds: (world: World) => boolean,
  ask: (world: World) => unknown,
): unknown {
  const found = [...new Set(worlds.filter(holds).map(ask))];
  expect(found).toHaveLength(1);
  return found[0];
}

export const ahead = (order: readonly string[], one: string, other: string) =>
  order.indexOf(one) < order.indexOf(other);

export function countTrue(statements: readonly boolean[]): number {
  return statements.filter(Boolean).length;
}

export const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;
