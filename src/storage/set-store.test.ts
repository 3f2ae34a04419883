import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredSetSummary } from '../domain/run/ports';
import { parseTestSet } from '../domain/sets/test-set';
import { createSetStore } from './set-store';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const makeSet = (id: string) =>
  parseTestSet({
    id,
    title: `Set ${id}`,
    language: 'en',
    licence: 'CC0-1.0',
    cases: [{ id: '1', prompt: '?', graders: [{ type: 'equals', value: 'x' }] }],
  });
const summarise = (id: string, updatedAt: number): StoredSetSummary => ({
  id,
  title: `Set ${id}`,
  language: 'en',
  licence: 'CC0-1.0',
  caseCount: 1,
  tags: [],
  sha256: 'a'.repeat(64),
  updatedAt,
});

describe('createSetStore', () => {
  it('is empty at first', async () => {
    const store = createSetStore();
    expect(await store.list()).toEqual([]);
    expect(await store.get('a')).toBeUndefined();
  });

  it('lists summaries, the newest first, and finds sets again later', async () => {
    const store = createSetStore();
    await store.put(summarise('old', 1), makeSet('old'));
    await store.put(summarise('new', 2), makeSet('new'));
    const later = createSetStore();
    expect((await later.list()).map(({ id }) => id)).toEqual(['new', 'old']);
    expect(await later.get('old')).toEqual(makeSet('old'));
  });

  it('replaces a set of the same id', async () => {
    const store = createSetStore();
    await store.put(summarise('a', 1), makeSet('a'));
    await store.put(summarise('a', 9), { ...makeSet('a'), title: 'Changed' });
    expect(await store.list()).toMatchObject([{ id: 'a', updatedAt: 9 }]);
    expect(await store.get('a')).toMatchObject({ title: 'Changed' });
  });

  it('deletes the summary and the cases', async () => {
    const store = createSetStore();
    await store.put(summarise('a', 1), makeSet('a'));
    await store.put(summarise('b', 2), makeSet('b'));
    await store.delete('a');
    expect((await store.list()).map(({ id }) => id)).toEqual(['b']);
    expect(await store.get('a')).toBeUndefined();
  });
});
