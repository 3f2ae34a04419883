import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING, type Setup } from '../../domain/run/run';
import { makeSetup } from '../../domain/testing/make-run';
import { namePool, tellApart } from './tell-apart';

const at = (startedAt: number, change: Partial<Omit<Setup, 'set'>> = {}) => ({
  setup: makeSetup(change),
  startedAt,
});
const artifact = (quantization: string) => ({ ...makeSetup().artifact, quantization });
const sampling = (change: Partial<Setup['sampling']>) => ({ sampling: { ...DEFAULT_SAMPLING, ...change } });

describe('tellApart', () => {
  it('needs nothing beside names that differ', () => {
    expect(tellApart([at(1), at(2, { model: { id: 'other', name: 'Other' } })])).toEqual([[], []]);
  });

  it('names the first thing that differs among runs of one name, and only there', () => {
    const runs = [
      at(1, { artifact: artifact('Q4_1') }),
      at(2, { artifact: artifact('Q8_0'), ...sampling({ temperature: 0.7 }) }),
      at(3, { artifact: artifact('Q8_0') }),
      at(4, { model: { id: 'other', name: 'Other' }, artifact: artifact('Q2_K') }),
    ];
    expect(tellApart(runs)).toEqual([
      [{ kind: 'quantization', value: 'Q4_1' }],
      [
        { kind: 'quantization', value: 'Q8_0' },
        { kind: 'temperature', value: 0.7 },
      ],
      [
        { kind: 'quantization', value: 'Q8_0' },
        { kind: 'temperature', value: 0 },
      ],
      [],
    ]);
  });

  it('goes by the time where nothing else differs', () => {
    expect(tellApart([at(1), at(2)])).toEqual([[{ kind: 'time', value: 1 }], [{ kind: 'time', value: 2 }]]);
    expect(tellApart([])).toEqual([]);
  });
});

describe('namePool', () => {
  it('is one name for runs that differ in seed and threads alone', () => {
    const session = { ...makeSetup().session, threads: 1 };
    expect(namePool(makeSetup({ ...sampling({ seed: 7 }), session }))).toBe(namePool(makeSetup()));
    for (const change of [
      sampling({ maxTokens: 5 }),
      { repeats: 3 },
      { templateSha256: 'b'.repeat(64) },
      { artifact: { ...artifact('Q4_1'), sha256: 'b'.repeat(64) } },
      { session: { ...session, engineId: 'other' } },
      { set: { sha256: 'c'.repeat(64) } },
    ]) {
      expect(namePool(makeSetup(change))).not.toBe(namePool(makeSetup()));
    }
  });
});
