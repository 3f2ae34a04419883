import { expect, it } from 'vitest';
import { countUpTo, elementAt } from '../seeded-stream';
import { holdsClue, orderingFamily, type Clue } from './ordering';
import { findDisagreements } from './testing/solver-agreement';

/** Every order there is, by Heap's algorithm. */
function listOrders(size: number): number[][] {
  const orders: number[][] = [];
  const order = countUpTo(size);
  const permute = (length: number) => {
    if (length === 1) {
      orders.push([...order]);
      return;
    }
    for (let at = 0; at < length; at++) {
      permute(length - 1);
      const from = length % 2 === 0 ? at : 0;
      [order[from], order[length - 1]] = [elementAt(order, length - 1), elementAt(order, from)];
    }
  };
  permute(size);
  return orders;
}

const allPlaces = new Map([3, 4, 5, 6, 7].map((size) => [size, listOrders(size)]));

it('has one answer to each problem, the same by trying every order', { timeout: 600_000 }, () => {
  const disagreements = findDisagreements(orderingFamily, ({ entities, premises, question }) => {
    const found = new Set<number>();
    for (const places of allPlaces.get(entities.length) ?? []) {
      if (premises.every((clue) => holdsClue(clue, places))) found.add(places.indexOf(question.place));
    }
    return [...found];
  });
  expect(disagreements).toEqual([]);
});

it('tries as many orders as there are', () => {
  for (const [size, count] of [
    [3, 6],
    [5, 120],
    [7, 5040],
  ] as const) {
    const orders = allPlaces.get(size) ?? [];
    expect(new Set(orders.map(String)).size).toBe(count);
  }
});

it('leaves open what the premises leave open, and finds nothing in a contradiction', () => {
  const ahead = (one: number, other: number, denied = false): Clue => ({
    fact: { kind: 'ahead', one, other },
    denied,
  });
  const solve = (premises: Clue[]) =>
    [...orderingFamily.solve({ entities: countUpTo(3), premises, question: { place: 0 } })].sort();
  expect(solve([ahead(0, 1)])).toEqual([0, 2]);
  expect(solve([ahead(0, 1), ahead(1, 0)])).toEqual([]);
  expect(solve([ahead(1, 0, true), ahead(1, 2)])).toEqual([0]);
});
