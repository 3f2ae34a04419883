import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../domain/run/ports';
import { makeGraded, makeRun, makeSet, makeSetup } from '../../domain/testing/make-run';
import { Arena } from './arena.svelte';

/** One letter a question: `+` right, `-` wrong, a blank is no answer, `=` the same text for all. */
function makeRecord(id: string, letters: string, quantization = 'Q4_1'): RunRecord {
  const testSet = makeSet(Array.from(letters, (_letter, at) => `q${at}`));
  const results = Array.from(letters, (letter, at) =>
    makeGraded({
      caseId: `q${at}`,
      answer: letter === ' ' ? ' ' : letter === '=' ? 'same' : `${id} says ${letter}`,
      status: letter === '-' ? 'fail' : 'pass',
    }),
  );
  const artifact = { id: `${id}-artifact`, quantization, sha256: 'a'.repeat(64) };
  return {
    run: makeRun({ id: `run-${id}`, setup: makeSetup({ model: { id, name: id }, artifact }) }),
    results,
    testSet,
  };
}

function makeArena(records: readonly RunRecord[], settings = new Map<string, unknown>()) {
  let next = 0;
  const arena = new Arena({
    listRuns: () =>
      Promise.resolve(
        records.map(({ run, results }) => ({ run, passed: 0, graded: 1, finished: results.length })),
      ),
    findRun: (id) => Promise.resolve(records.find(({ run }) => run.id === id)),
    settings: {
      get: (key) => Promise.resolve(settings.get(key)),
      set: (key, value) => {
        settings.set(key, structuredClone(value));
        return Promise.resolve();
      },
    },
    random: () => (next++ * 0.37) % 1,
  });
  return { arena, settings };
}

describe('Arena', () => {
  it('shows every pair of differing answers once, on either side, and says whose they were only after', async () => {
    const { arena, settings } = makeArena([makeRecord('strong', '+++= '), makeRecord('weak', '-+-=-')]);
    await arena.load();
    expect(arena.left).toBe(3);
    const sides = new Set<string>();
    const questions: string[] = [];
    while (arena.showing !== undefined) {
      const { left, right, testCase } = arena.showing;
      sides.add(left.contestantId);
      questions.push(testCase.id);
      await arena.vote(left.name === 'strong' ? 'left' : 'right');
      expect(arena.last?.showing.right).toBe(right);
    }
    expect(questions.toSorted()).toEqual(['q0', 'q1', 'q2']);
    expect(sides.size).toBe(2);
    const { rated, agreement, apart } = arena.standings ?? { rated: [], agreement: undefined, apart: [] };
    expect(rated.map(({ name, battles }) => [name, battles])).toEqual([
      ['strong', 3],
      ['weak', 3],
    ]);
    expect(agreement).toMatchObject({ ballots: 2, agreed: 2 });
    expect(apart).toEqual([]);
    // They are kept.
    const next = makeArena([makeRecord('strong', '+++= '), makeRecord('weak', '-+-=-')], settings).arena;
    await next.load();
    expect([next.ballots.length, next.left, next.showing]).toEqual([3, 0, undefined]);
  });

  it('takes a ballot back', async () => {
    const { arena } = makeArena([makeRecord('a', '++'), makeRecord('b', '--')]);
    await arena.load();
    const before = arena.showing;
    await arena.vote('tie');
    await arena.undo();
    expect(arena.showing).toBe(before);
    expect([arena.ballots.length, arena.left, arena.last]).toEqual([0, 2, undefined]);
    await arena.undo();
    expect(arena.ballots).toEqual([]);
  });

  it('asks first about models that were compared least', async () => {
    const { arena } = makeArena([makeRecord('a', '++++'), makeRecord('b', '++++'), makeRecord('c', '++++')]);
    await arena.load();
    const pairs: string[] = [];
    for (let vote = 0; vote < 3; vote++) {
      const { left, right } = arena.showing ?? {};
      pairs.push([left?.name, right?.name].toSorted().join(' '));
      await arena.vote('left');
    }
    expect(pairs.toSorted()).toEqual(['a b', 'a c', 'b c']);
  });

  it('says who is not connected with the others', async () => {
    const ballot = (leftId: string, rightId: string, question: string) => ({
      question,
      leftId,
      leftRun: leftId,
      rightId,
      rightRun: rightId,
      choice: 'left',
      leftVerdict: 'none',
      rightVerdict: 'none',
    });
    const settings = new Map<string, unknown>([
      ['arena', [ballot('a', 'b', '1'), ballot('b', 'c', '2'), ballot('x', 'y', '3')]],
    ]);
    const { arena } = makeArena([], settings);
    await arena.load();
    expect(arena.standings?.rated.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(arena.standings?.apart).toEqual([['x', 'y']]);
    await arena.clear();
    expect(arena.standings).toBeUndefined();
  });

  it('starts anew where what is stored cannot be read', async () => {
    const { arena } = makeArena([], new Map<string, unknown>([['arena', { junk: true }]]));
    await arena.load();
    expect([arena.state, arena.ballots.length]).toEqual(['ready', 0]);
  });
});
