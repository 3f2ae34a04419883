import { describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import type { RunRecord } from '../../domain/run/ports';
import type { Result } from '../../domain/run/run';
import { encodeShareLink } from '../../domain/sharing/share-link';
import { HASH, makeGraded, makeRun, makeSet, makeSetup } from '../../domain/testing/make-run';
import { Compare } from './compare.svelte';

/** One letter a case: `+` right, `-` wrong, `?` unreadable, a blank was not asked. */
function makeRecord(
  id: string,
  letters: string,
  { setSha = HASH, prefix = 'q', template = HASH } = {},
): RunRecord {
  const testSet = makeSet(Array.from(letters, (_letter, at) => `${prefix}${at}`));
  const results = Array.from(letters).flatMap((letter, at): Result[] =>
    letter === ' '
      ? []
      : [
          makeGraded({
            caseId: `${prefix}${at}`,
            answer: `${id} says ${letter}`,
            status: letter === '+' ? 'pass' : 'fail',
            outcomes: [
              {
                type: 'equals',
                verdict: {
                  pass: letter === '+',
                  score: 0,
                  reason: { code: letter === '?' ? 'no-answer' : 'different' },
                },
              },
            ],
          }),
        ],
  );
  return {
    run: makeRun({
      id,
      setup: makeSetup({
        set: { sha256: setSha, caseCount: letters.length },
        templateSha256: template,
      }),
      end: { kind: 'finished' },
    }),
    results,
    testSet,
  };
}

async function load(ids: readonly string[], records: readonly RunRecord[]) {
  const compare = new Compare(ids, (id) => Promise.resolve(records.find(({ run }) => run.id === id)));
  expect(compare.state.kind).toBe('loading');
  await compare.load();
  return compare;
}

const readyOf = ({ state }: Compare) => {
  if (state.kind !== 'ready') throw new Error(state.kind);
  return state;
};

describe('Compare', () => {
  it('compares two runs, and shows first what flips', async () => {
    const compare = await load(['a', 'b'], [makeRecord('a', '++-?-'), makeRecord('b', '+-+--')]);
    const { contestants, contest, missing } = readyOf(compare);
    expect(missing).toBe(0);
    expect(contestants.map(({ id, score }) => [id, score.unread.failures])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
    expect(contest.duels[0]?.comparison).toMatchObject({ onlyFirst: 1, onlySecond: 1 });
    expect(compare.filter).toBe('flips');
    expect(compare.rows.map(({ testCase }) => testCase.id)).toEqual(['q1', 'q2']);
    expect(compare.rows[0]?.answers.map((answer) => answer?.text)).toEqual(['a says +', 'b says -']);
    expect((['all', 'flips', 'all-wrong', 'all-right'] as const).map((each) => compare.count(each))).toEqual([
      5, 2, 2, 1,
    ]);
    compare.filter = 'all-right';
    expect(compare.rows.map(({ testCase }) => testCase.id)).toEqual(['q0']);
    expect(compare.allRows).toHaveLength(5);
  });

  it('shows all questions where none flips', async () => {
    const compare = await load(['a', 'b'], [makeRecord('a', '+-'), makeRecord('b', '+-')]);
    expect(compare.filter).toBe('all');
    expect(compare.rows).toHaveLength(2);
  });

  it('leaves runs out that are gone, and needs two', async () => {
    const records = [makeRecord('a', '+'), makeRecord('b', '-')];
    expect(readyOf(await load(['a', 'gone', 'b'], records)).missing).toBe(1);
    expect((await load(['a', 'gone'], records)).state).toEqual({ kind: 'too-few' });
    expect((await load(['a', 'a'], records)).state).toEqual({ kind: 'too-few' });
    expect((await load([], records)).state).toEqual({ kind: 'too-few' });
  });

  it('finds nothing in common in sets that share no case', async () => {
    const records = [makeRecord('a', '++'), makeRecord('b', '++', { prefix: 'other' })];
    const { contest } = readyOf(await load(['a', 'b'], records));
    expect(contest.caseIds).toEqual([]);
  });

  it('compares a link with a run of the same set, which has the questions', async () => {
    const theirs = makeRecord('theirs', '+?- ');
    const { payload } = await encodeShareLink(theirs.run, theirs.results);
    const compare = await load([`r=${payload}`, 'mine'], [makeRecord('mine', '--++')]);
    const { contestants, contest } = readyOf(compare);
    expect(contestants.map(({ shared }) => shared)).toEqual([true, false]);
    expect(contestants[0]?.score.unread).toEqual({ failures: 1, graded: 3, rate: 1 / 3 });
    expect(contest.leftOut.ungraded).toBe(0);
    expect(contest.ranked.map(({ stopped, cases }) => [stopped, cases])).toEqual([
      [false, 4],
      [true, 3],
    ]);
    expect(contest.duels[0]?.comparison).toMatchObject({ onlyFirst: 1, onlySecond: 1, bothFailed: 1 });
    expect(compare.rows[0]?.answers[0]?.text).toBe('theirs says +');
  });

  it('pools runs of one setup, unless that leaves nothing to compare', async () => {
    const other = makeRecord('c', '++--', { template: 'b'.repeat(64) });
    const records = [makeRecord('a', '+--+'), other, makeRecord('b', '++--')];
    const compare = await load(['a', 'c', 'b'], records);
    expect([compare.canPool, compare.pooling, compare.isOnePool]).toEqual([true, true, false]);
    const { contestants, contest } = readyOf(compare);
    expect(contestants.map(({ id, runIds }) => [id, runIds.length])).toEqual([
      ['a+b', 2],
      ['c', 1],
    ]);
    expect(contest.ranked.find(({ id }) => id === 'a+b')).toMatchObject({ passed: 4, answers: 8, cases: 4 });
    // Right once of two times is neither right nor wrong.
    expect(compare.rows.map(({ testCase }) => testCase.id)).toEqual(['q1', 'q3']);
    expect(contestants[0]?.answers.get('q1')?.pooled).toEqual({ right: 1, answers: 2 });
    compare.pooling = false;
    expect(readyOf(compare).contestants.map(({ id }) => id)).toEqual(['a', 'c', 'b']);
    const alike = await load(['a', 'b'], records);
    expect([alike.canPool, alike.pooling, alike.isOnePool]).toEqual([true, false, true]);
    expect(readyOf(alike).contestants).toHaveLength(2);
  });

  it('refuses a link about another set', async () => {
    const theirs = makeRecord('theirs', '+', { setSha: 'b'.repeat(64) });
    const { payload } = await encodeShareLink(theirs.run, theirs.results);
    const compare = await load([`r=${payload}`, 'mine'], [makeRecord('mine', '-')]);
    expect(compare.state).toEqual({ kind: 'unknown-set' });
  });

  it('tells what went wrong, and can be tried again', async () => {
    const fault = { kind: 'engine', detail: 'locked' } as const;
    let broken = true;
    const compare = new Compare(['a', 'b'], (id) =>
      broken ? Promise.reject(new FaultError(fault)) : Promise.resolve(makeRecord(id, '+')),
    );
    await compare.load();
    expect(compare.state).toEqual({ kind: 'failed', fault });
    broken = false;
    await compare.load();
    expect(compare.state.kind).toBe('ready');
    const junk = await load(['r=junk', 'a'], [makeRecord('a', '+')]);
    expect(junk.state).toMatchObject({ kind: 'failed', fault: { kind: 'bad-input' } });
  });
});
