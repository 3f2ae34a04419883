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

  it('compares more than two with the best of them, adjusted', () => {
    const { duels, ranked } = holdContest([
      makeEntrant('weak', '-'.repeat(12) + '+'.repeat(8)),
      makeEntrant('strong', '+'.repeat(20)),
      makeEntrant('close', '-' + '+'.repeat(19)),
    ]);
    expect(duels.map(({ firstId, secondId }) => [firstId, secondId])).toEqual([
      ['strong', 'weak'],
      ['strong', 'close'],
    ]);
    expect(duels[0]?.p).toBeCloseTo(2 * testMcNemar(12, 0), 12);
    expect(ranked.filter(({ tiedWithBest }) => tiedWithBest).map(({ id }) => id)).toEqual([
      'strong',
      'close',
    ]);
    // The marks of the table and the sentences below it must not disagree.
    for (const { secondId, p } of duels) expect(ranked.find(({ id }) => id === secondId)?.p).toBe(p);
  });

  it('claims nothing by p alone where the questions vary a few items', () => {
    const cluster = (entrant: Entrant): Entrant => ({
      ...entrant,
      scores: entrant.scores.map((each, at) => ({ ...each, cluster: `item ${Math.floor(at / 8)}` })),
    });
    const flat = holdContest([
      makeEntrant('a', '-'.repeat(16)),
      makeEntrant('b', '+'.repeat(8) + '-'.repeat(8)),
    ]);
    const clustered = holdContest([
      cluster(makeEntrant('a', '-'.repeat(16))),
      cluster(makeEntrant('b', '+'.repeat(8) + '-'.repeat(8))),
    ]);
    expect(flat.duels[0]?.p).toBe(clustered.duels[0]?.p);
    expect([flat.duels[0]?.shown, clustered.duels[0]?.shown]).toEqual([true, false]);
    expect(flat.ranked.map(({ tiedWithBest }) => tiedWithBest)).toEqual([true, false]);
    expect(clustered.ranked.map(({ tiedWithBest }) => tiedWithBest)).toEqual([true, true]);
  });

  it('leaves out, and counts, what is not the same question with a verdict everywhere', () => {
    const { caseIds, leftOut, ranked } = holdContest([
      makeEntrant('a', '++++-'),
      makeEntrant('b', '+ ++', [3]),
    ]);
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
