import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING } from '../run/run';
import { HASH, makeModel } from '../testing/make-run';
import { drawBill, scalePace } from './bill';
import { findSampling, parseMatrixPlan, planMatrix } from './plan';

const set = (id: string, caseCount = 10) => ({ id, title: id, language: 'en', caseCount, sha256: HASH });
const entry = (id: string, bytes = 1) => {
  const model = makeModel({ id, name: id });
  const [artifact] = model.artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  const files = artifact.files.map((file) => ({ ...file, bytes }));
  return { model: { ...model, artifacts: [{ ...artifact, files }] }, artifactId: 'artifact' };
};

function plan() {
  let next = 0;
  return planMatrix(
    { models: [entry('a'), entry('b')], sets: [set('x'), set('y')], sampling: DEFAULT_SAMPLING, repeats: 2 },
    () => `run-${next++}`,
  );
}

describe('planMatrix', () => {
  it('does all of one model before the next, each pair once for every repeat', () => {
    const { cells } = plan();
    expect(cells.map(({ modelAt, repeat, setAt }) => `${modelAt}${repeat}${setAt}`)).toEqual([
      '000',
      '001',
      '010',
      '011',
      '100',
      '101',
      '110',
      '111',
    ]);
    expect(new Set(cells.map(({ runId }) => runId)).size).toBe(8);
    const seeds = cells.slice(0, 3).map((cell) => findSampling(plan(), cell).seed);
    expect(seeds).toEqual([42, 42, 1042]);
  });
});

describe('parseMatrixPlan', () => {
  it('reads what was stored', () => {
    expect(parseMatrixPlan(JSON.parse(JSON.stringify(plan())))).toEqual(plan());
  });

  it('refuses what is none, and drops cells of models that are not there', () => {
    expect(() => parseMatrixPlan({ ...plan(), repeats: 0 })).toThrow();
    expect(() => parseMatrixPlan({ ...plan(), models: [{ model: {}, artifactId: 'x' }] })).toThrow();
    expect(() => parseMatrixPlan(undefined)).toThrow();
    const odd = { ...plan(), cells: [{ runId: 'r', modelAt: 5, setAt: 0, repeat: 0 }] };
    expect(parseMatrixPlan(odd).cells).toEqual([]);
  });
});

describe('drawBill', () => {
  it('counts what is not on the device, and the time of what was measured', () => {
    const bill = drawBill(
      [entry('stored', 100), entry('new', 70)],
      [set('x', 10), set('y', 30)],
      2,
      () => false,
      ({ model }) => (model.id === 'stored' ? { caseMs: 50, from: 'runs' } : undefined),
    );
    expect(bill).toEqual({
      models: [
        { downloadBytes: 100, cases: 80, milliseconds: 4_000 },
        { downloadBytes: 70, cases: 80 },
      ],
      cases: 160,
      downloadBytes: 170,
      milliseconds: 4_000,
      unknownPaces: 1,
    });
    const isStored = ({ sha256 }: { sha256?: string | undefined }) => sha256 === HASH;
    expect(drawBill([entry('a', 5)], [set('x')], 1, isStored, () => undefined).downloadBytes).toBe(0);
  });
});

describe('scalePace', () => {
  it('takes twice as long for weights of twice the size', () => {
    const measured = { bytes: 100, prefillTokensPerSecond: 100, decodeTokensPerSecond: 10 };
    expect(scalePace(measured, 200, 20)).toEqual({ caseMs: 6_000, from: 'speed' });
  });
});
