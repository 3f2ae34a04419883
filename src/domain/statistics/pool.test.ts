import { describe, expect, it } from 'vitest';
import { poolScores } from './pool';

const score = (caseId: string, pass: boolean) => ({ caseId, pass, score: Number(pass) });

describe('poolScores', () => {
  it('counts the answers of all runs to each case', () => {
    const runs = [
      [score('a', true), score('b', false)],
      [score('b', true), score('a', true)],
      [score('c', true), score('b', false)],
    ];
    expect(poolScores(runs)).toEqual([
      { caseId: 'a', pass: true, score: 1, pooled: { right: 2, answers: 2 } },
      { caseId: 'b', pass: false, score: 1 / 3, pooled: { right: 1, answers: 3 } },
      { caseId: 'c', pass: true, score: 1, pooled: { right: 1, answers: 1 } },
    ]);
    expect(poolScores([])).toEqual([]);
  });

  it('takes half of them for not right', () => {
    expect(poolScores([[score('a', true)], [score('a', false)]])[0]?.pass).toBe(false);
  });
});
