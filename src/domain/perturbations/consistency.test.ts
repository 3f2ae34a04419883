import { describe, expect, it } from 'vitest';
import { measureConsistency } from './consistency';

const cases = ['a', 'b', 'c', 'd'].flatMap((group) =>
  ['', '-x', '-y'].map((variant) => ({ id: `${group}${variant}`, group })),
);
const graded = (caseId: string, status: 'pass' | 'fail' | 'not-run') => ({ caseId, status });
const all = (status: 'pass' | 'fail') => cases.map(({ id }) => graded(id, status));

describe('measureConsistency', () => {
  it('counts a group as right when all of it is', () => {
    expect(measureConsistency(all('pass'), cases)).toMatchObject({
      groups: 4,
      consistent: 4,
      share: 1,
      accuracy: 1,
    });
    expect(measureConsistency(all('fail'), cases)).toMatchObject({
      groups: 4,
      consistent: 0,
      share: 0,
      accuracy: 0,
    });
  });

  it('is below accuracy where one variant of each group is wrong', () => {
    const results = cases.map(({ id }) => graded(id, id.endsWith('-x') ? 'fail' : 'pass'));
    expect(measureConsistency(results, cases)).toMatchObject({ share: 0, accuracy: 8 / 12 });
  });

  it('leaves out groups that are not all graded', () => {
    const results = all('pass')
      .filter(({ caseId }) => caseId !== 'a-y')
      .map((each) => (each.caseId === 'b' ? graded('b', 'not-run') : each));
    const failed = {
      kind: 'failed',
      caseId: 'c',
      prompt: '',
      answer: '',
      fault: { kind: 'stopped' },
    } as const;
    const withFault = [...results.filter(({ caseId }) => caseId !== 'c'), failed];
    expect(measureConsistency(withFault, cases)).toMatchObject({
      groups: 1,
      consistent: 1,
      incomplete: 3,
      share: 1,
    });
  });

  it('says nothing about cases without variants', () => {
    const single = [{ id: 'a' }, { id: 'b', group: 'b' }];
    const results = [graded('a', 'pass'), graded('b', 'pass')];
    expect(measureConsistency(results, single)).toEqual({ groups: 0, consistent: 0, incomplete: 0 });
  });

  it('has the Wilson interval of its share', () => {
    const results = cases.map(({ id }) => graded(id, id.startsWith('a') ? 'fail' : 'pass'));
    const { interval, share } = measureConsistency(results, cases);
    expect(share).toBe(0.75);
    expect(interval?.low).toBeCloseTo(0.3006, 4);
    expect(interval?.high).toBeCloseTo(0.9544, 4);
  });
});
