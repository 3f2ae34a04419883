import { describe, expect, it } from 'vitest';
import { parseTestSet } from '../sets/test-set';
import { holdContest, type Entrant } from './contest';
import { testMcNemar } from './mcnemar';

/** One letter a case: `+` right, `-` wrong, a blank has no verdict. `changed` cases ask something else. */
function makeEntrant(id: string, letters: string, changed: readonly number[] = [], prefix = 'q'): Entrant {
  const { cases } = parseTestSet({
    id: 's',
    title: 's',
    language: 'en',
    licence: 'x',
    cases: Array.from(letters, (_letter, at) => ({
      id: `${prefix}${at}`,
      prompt: changed.includes(at) ? 'something else?' : `${at}?`,
      graders: [{ type: 'equals', value: 'x' }],
    })),
  });
  const scores = Array.from(letters).flatMap((letter, at) =>
    letter === ' ' ? [] : [{ caseId: `${prefix}${at}`, pass: letter === '+', score: Number(letter === '+') }],
  );
  return { id, cases, scores };
}

describe('holdContest', () => {
  it('compares two in the order that they were given', () => {
    const { duels, caseIds, leftOut } = holdContest([
      makeEntrant('first', '-----+--'),
      makeEntrant('second', '+++++---'),
    ]);
    expect(caseIds).toHaveLength(8);
    expect(leftOut).toEqual({ unshared: 0, changed: 0, ungraded: 0 });
    expect(duels).toHaveLength(1);
    expect(duels[0]).toMatchObject({ firstId: 'first', secondId: 'second', p: testMcNemar(1, 5) });
    expect(duels[0]?.comparison).toMatchObject({ onlyFirst: 1, onlySecond: 5, difference: 0.5 });
  });

  it('compares every pair of more than two, the better one first, adjusted for their number', () => {
    const { duels, ranked } = holdContest([
      makeEntrant('weak', '-'.repeat(12) + '+'.repeat(8)),
      makeEntrant('strong', '+'.repeat(20)),
      makeEntrant('close', '-' + '+'.repeat(19)),
    ]);
    expect(duels.map(({ firstId, secondId }) => [firstId, secondId])).toEqual([
      ['strong', 'close'],
      ['strong', 'weak'],
      ['close', 'weak'],
    ]);
    expect(duels[1]?.p).toBeCloseTo(3 * testMcNemar(12, 0), 12);
    expect(duels.map(({ shown }) => shown)).toEqual([false, true, true]);
    expect(ranked.map(({ id, tiedWithBest }) => [id, tiedWithBest])).toEqual([
      ['strong', true],
      ['close', true],
      ['weak', false],
    ]);
  });

  it('needs more to tell two apart, the more of them are compared', () => {
    const strong = makeEntrant('strong', '+'.repeat(40));
    const six = makeEntrant('six', '-'.repeat(6) + '+'.repeat(34));
    const isTied = (entrants: readonly Entrant[]) =>
      holdContest(entrants).ranked.find(({ id }) => id === 'six')?.tiedWithBest;
    expect(isTied([strong, six])).toBe(false);
    expect(isTied([strong, six, makeEntrant('other', '-'.repeat(6) + '+'.repeat(34))])).toBe(true);
  });

  it('takes variants of a few items for a few items', () => {
    const cluster = (entrant: Entrant): Entrant => ({
      ...entrant,
      scores: entrant.scores.map((each, at) => ({ ...each, cluster: `item ${Math.floor(at / 8)}` })),
    });
    const entrants = [makeEntrant('a', '-'.repeat(16)), makeEntrant('b', '+'.repeat(8) + '-'.repeat(8))];
    const flat = holdContest(entrants);
    const clustered = holdContest(entrants.map(cluster));
    expect([flat.duels[0]?.shown, clustered.duels[0]?.shown]).toEqual([true, false]);
    expect(flat.ranked.map(({ tiedWithBest }) => tiedWithBest)).toEqual([true, false]);
    expect(clustered.ranked.map(({ tiedWithBest }) => tiedWithBest)).toEqual([true, true]);
    expect([flat, clustered].map(({ ranked }) => ranked[0]?.effective)).toEqual([16, 2]);
  });

  it('never calls a stopped run best, and takes no question from the others because of it', () => {
    // What was tried: 5 of 24 was called best against 7 of 24, because a third run had stopped after 8.
    const five = makeEntrant('five', '+++++' + '-'.repeat(19));
    const seven = makeEntrant('seven', '---' + '+'.repeat(7) + '-'.repeat(14));
    const stopped = makeEntrant('stopped', '++++++++' + ' '.repeat(16));
    const { caseIds, leftOut, ranked, duels } = holdContest([five, stopped, seven]);
    expect(caseIds).toHaveLength(24);
    expect(leftOut.ungraded).toBe(0);
    expect(ranked.map(({ id, passed, cases, stopped: early }) => [id, passed, cases, early])).toEqual([
      ['seven', 7, 24, false],
      ['five', 5, 24, false],
      ['stopped', 8, 8, true],
    ]);
    expect(ranked.map(({ tiedWithBest }) => tiedWithBest)).toEqual([true, true, false]);
    const pairs = Object.fromEntries(
      duels.map(({ firstId, secondId, comparison }) => [`${firstId} ${secondId}`, comparison.pairs]),
    );
    expect(pairs).toEqual({ 'seven five': 24, 'seven stopped': 8, 'five stopped': 8 });
  });

  it('compares two stopped runs on what both answered', () => {
    const { caseIds, ranked, duels } = holdContest([makeEntrant('a', '++-  '), makeEntrant('b', '+-++ ')]);
    expect(caseIds).toHaveLength(3);
    expect(duels[0]?.comparison.pairs).toBe(3);
    expect(ranked.every(({ stopped, tiedWithBest }) => stopped && !tiedWithBest)).toBe(true);
  });

  it('tells a question without a verdict from one that was never asked', () => {
    const a = makeEntrant('a', '+++ ');
    const reached = new Set(a.cases.map(({ id }) => id));
    const { caseIds, leftOut, ranked } = holdContest([{ ...a, reached }, makeEntrant('b', '++++')]);
    expect(ranked.some(({ stopped }) => stopped)).toBe(false);
    expect(caseIds).toHaveLength(3);
    expect(leftOut.ungraded).toBe(1);
  });

  it('counts every answer of pooled runs, as answers to one question', () => {
    const pooled = (entrant: Entrant): Entrant => ({
      ...entrant,
      scores: entrant.scores.map((each) => ({
        ...each,
        pooled: { right: each.pass ? 3 : 0, answers: 3 },
      })),
    });
    const entrants = [makeEntrant('a', '++--+-+-'), makeEntrant('b', '+--+-+-+')];
    const { ranked } = holdContest(entrants.map(pooled));
    expect(ranked[0]).toMatchObject({ passed: 12, answers: 24, cases: 8, effective: 8 });
    expect(ranked[0]?.interval).toEqual(holdContest(entrants).ranked[0]?.interval);
  });

  it('leaves out, and counts, what is not the same question with a verdict everywhere', () => {
    const b = makeEntrant('b', '+ ++', [3]);
    const reached = new Set(b.cases.map(({ id }) => id));
    const { caseIds, leftOut, ranked } = holdContest([makeEntrant('a', '++++-'), { ...b, reached }]);
    expect(caseIds).toEqual(['q0', 'q2']);
    expect(leftOut).toEqual({ unshared: 1, changed: 1, ungraded: 1 });
    expect(ranked.map(({ cases }) => cases)).toEqual([2, 2]);
  });

  it('finds nothing to compare in sets that share no case', () => {
    const { caseIds, leftOut } = holdContest([makeEntrant('a', '++'), makeEntrant('b', '++', [], 'other')]);
    expect(caseIds).toEqual([]);
    expect(leftOut.unshared).toBe(4);
  });
});
