import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../domain/run/ports';
import { makeRun, makeSetup } from '../../domain/testing/make-run';
import { listRunSets, viewRuns, type RunListView } from './run-list';

const summary = (
  id: string,
  startedAt: number,
  model: string,
  set: string,
  passed: number,
  graded = 10,
): RunSummary => ({
  run: makeRun({
    id,
    startedAt,
    setup: makeSetup({ model: { id: model, name: model }, set: { id: set, title: `Set ${set}` } }),
  }),
  passed,
  graded,
  finished: graded,
});
const runs = [
  summary('d', 4, 'Beta', 'one', 0, 0),
  summary('c', 3, 'Alpha', 'two', 5),
  summary('b', 2, 'Beta', 'one', 9),
  summary('a', 1, 'Alpha', 'one', 5),
];
const view = (change: Partial<RunListView>) =>
  viewRuns(runs, { query: '', order: 'newest', setId: '', ...change })
    .map(({ run }) => run.id)
    .join('');

describe('viewRuns', () => {
  it('orders by age, score, model and set, of equals the newer first', () => {
    expect(view({})).toBe('dcba');
    expect(view({ order: 'best' })).toBe('bcad');
    expect(view({ order: 'model' })).toBe('cadb');
    expect(view({ order: 'set' })).toBe('dbac');
  });

  it('finds every word, whatever its case, and runs of one set', () => {
    expect(view({ query: 'alpha two' })).toBe('c');
    expect(view({ query: 'Q4_1  BETA' })).toBe('db');
    expect(view({ query: 'gamma' })).toBe('');
    expect(view({ setId: 'two' })).toBe('c');
  });
});

describe('listRunSets', () => {
  it('names each set once', () => {
    expect(listRunSets(runs)).toEqual([
      { id: 'one', title: 'Set one' },
      { id: 'two', title: 'Set two' },
    ]);
  });
});
