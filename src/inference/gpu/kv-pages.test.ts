import { describe, expect, test } from 'vitest';
import { KvPages } from './kv-pages';

describe('pages of the KV cache', () => {
  test('are given as positions come, and given back', () => {
    const pages = new KvPages(2, 4, 5);
    expect(pages.reserve(0, 0, 33)).toEqual({ isChanged: true, copies: [] });
    expect(pages.reserve(0, 33, 64)).toEqual({ isChanged: false, copies: [] });
    expect([...pages.table]).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
    pages.reserve(1, 0, 1);
    expect(pages.table[4]).toBe(2);
    expect(pages.freePages).toBe(2);
    pages.truncate(0, 32);
    expect(pages.freePages).toBe(3);
    pages.truncate(0, 0);
    expect(pages.freePages).toBe(4);
  });

  test('are shared until one writes, and then the part before is copied', () => {
    const pages = new KvPages(3, 4, 8);
    pages.reserve(0, 0, 70);
    pages.share(0, 1, 40);
    expect([...pages.table.subarray(4, 6)]).toEqual([0, 1]);
    expect(pages.freePages).toBe(5);
    // Position 40 lies in the second page, which sequence 0 has too.
    expect(pages.reserve(1, 40, 41)).toEqual({ isChanged: true, copies: [{ from: 1, to: 3 }] });
    expect([...pages.table.subarray(4, 6)]).toEqual([0, 3]);
    // Written from its beginning on, a page needs no copy.
    pages.share(0, 2, 64);
    expect(pages.reserve(2, 32, 33)).toEqual({ isChanged: true, copies: [] });
    // Nobody else has it any more.
    pages.truncate(1, 0);
    pages.truncate(2, 0);
    expect(pages.reserve(0, 5, 70)).toEqual({ isChanged: false, copies: [] });
    expect(pages.freePages).toBe(5);
  });

  test('run out without changing anything', () => {
    const pages = new KvPages(2, 4, 2);
    pages.reserve(0, 0, 40);
    expect(() => pages.reserve(1, 0, 1)).toThrow('no page left');
    pages.share(0, 1, 40);
    expect(() => pages.reserve(1, 33, 34)).toThrow('no page left');
    pages.truncate(0, 0);
    expect(pages.reserve(1, 33, 34)).toEqual({ isChanged: false, copies: [] });
  });

  test('of a sequence that is not there, or shares more than it has, are refused', () => {
    const pages = new KvPages(1, 4, 4);
    expect(() => pages.truncate(1, 0)).toThrow('sequence 1');
    expect(() => pages.share(0, 0, 1)).toThrow('does not hold 1 positions');
  });
});
