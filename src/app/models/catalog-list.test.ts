import { describe, expect, it } from 'vitest';
import { parseModel } from '../../domain/model/model';
import { makeRun, makeSetup } from '../../domain/testing/make-run';
import type { SpeedReport } from '../../domain/speed/speed';
import { describeModels, recommendModels, sortModels, type ModelOrder } from './catalog-list';
import type { ArtifactView, ModelView } from './model-fit';
import { predictSpeed } from './predict-speed';

const REPORT: SpeedReport = {
  version: 1,
  startedAt: 1,
  end: 'finished',
  plan: 'quick',
  contextTokens: 512,
  model: { id: 'm', name: 'M', parameters: 100_000_000 },
  artifact: { id: 'm-q4', quantization: 'Q4_0', sha256: 'a'.repeat(64), bytes: 50_000_000 },
  device: { logicalCores: 8, crossOriginIsolated: true },
  roofline: {
    threads: 8,
    readBytesPerSecond: 20e9,
    dotOpsPerSecond: 400e9,
    build: 'wasm32-relaxed',
    dotMode: 'unsigned',
    oneThread: { threads: 1, readBytesPerSecond: 10e9, dotOpsPerSecond: 60e9 },
  },
  entries: [
    {
      engineId: 'simd',
      engineLabel: 'SIMD',
      backend: 'wasm',
      engineVersion: '1',
      threads: 8,
      promptTokens: 100,
      answerTokens: 24,
      loadMs: 900,
      firstTokenMs: [100],
      prefillTokensPerSecond: [1000],
      decodeTokensPerSecond: [200],
    },
  ],
};

interface Row {
  readonly id: string;
  readonly bytes: number;
  readonly released?: number;
  readonly licence?: string;
  readonly verdict?: 'fits' | 'tight' | 'wont-fit';
  readonly turns?: 'many' | 'base';
}

function view({
  id,
  bytes,
  verdict = 'fits',
  licence = 'Apache-2.0',
  turns = 'many',
  released,
}: Row): ModelView {
  const model = parseModel({
    id,
    name: id,
    family: 'F',
    parameters: bytes,
    licence,
    turns,
    ...(released !== undefined && { released }),
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id: `${id}-q4`,
        format: 'gguf',
        quantization: 'Q4_0',
        contextTokens: 2048,
        files: [{ name: 'a.gguf', bytes, url: 'https://x.example/a.gguf' }],
      },
    ],
  });
  const [artifact] = model.artifacts;
  if (artifact === undefined) throw new Error('no artifact');
  const fit = {
    verdict,
    reasonCode: 'enough-room',
    weightBytes: 1,
    kvBytes: 1,
    scratchBytes: 1,
    neededBytes: 3,
  } as const;
  const offered: ArtifactView = {
    artifact,
    ways: [],
    best: { backend: 'wasm', engines: [], fit },
    use: 'ready',
  };
  return { model, artifacts: [offered], offered };
}
const rows: readonly Row[] = [
  { id: 'old-large', bytes: 400e6, released: 2023 },
  { id: 'new-small', bytes: 100e6, released: 2025 },
  { id: 'new-large', bytes: 900e6, released: 2025 },
  { id: 'closed', bytes: 200e6, released: 2026, licence: 'LLaMA licence, non-commercial' },
  { id: 'base', bytes: 210e6, released: 2026, turns: 'base' },
  { id: 'huge', bytes: 9e9, released: 2026 },
  { id: 'too-big', bytes: 300e6, released: 2026, verdict: 'wont-fit' },
];
const summary = (modelId: string, passed: number, graded = 20) => ({
  run: makeRun({ setup: makeSetup({ model: { id: modelId, name: modelId } }) }),
  passed,
  graded,
  finished: graded,
});
const runs = [
  summary('old-large', 12),
  summary('old-large', 15),
  summary('new-small', 3),
  summary('huge', 2, 2),
];
const entries = describeModels(rows.map(view), REPORT, runs);
const idsOf = (list: typeof entries) => list.map((entry) => entry.view.model.id);

describe('predictSpeed', () => {
  const artifactOf = (bytes: number) => {
    const [artifact] = view({ id: 'm', bytes }).model.artifacts;
    if (artifact === undefined) throw new Error('no artifact');
    return artifact;
  };

  it('spreads the bandwidth that was reached over the weights', () => {
    // 200 tokens/s × 50 MB = 10 GB/s.
    expect(predictSpeed(artifactOf(1e9), REPORT)).toBeCloseTo(10, 6);
  });

  it('takes no more than the memory can do, and a share of it where no engine was measured', () => {
    const [entry] = REPORT.entries;
    const cached = { ...REPORT, entries: [{ ...entry, decodeTokensPerSecond: [9_000] }] } as SpeedReport;
    expect(predictSpeed(artifactOf(1e9), cached)).toBeCloseTo(20, 6);
    expect(predictSpeed(artifactOf(1e9), { ...REPORT, entries: [] })).toBeCloseTo(12, 6);
  });

  it('says nothing without a measurement', () => {
    expect(predictSpeed(artifactOf(1e9), undefined)).toBeUndefined();
    expect(predictSpeed(artifactOf(1e9), { ...REPORT, roofline: null, entries: [] })).toBeUndefined();
  });
});

describe('recommendModels', () => {
  it('takes free, chatty models that fit and are quick, the newer and larger first', () => {
    expect(idsOf(recommendModels(entries))).toEqual(['new-large', 'new-small', 'old-large']);
  });

  it('goes by size where no speed was measured', () => {
    expect(idsOf(recommendModels(describeModels(rows.map(view), undefined, [])))).not.toContain('huge');
  });
});

describe('sortModels', () => {
  const sorted = (order: ModelOrder) => idsOf(sortModels(entries, order));

  it('sorts by speed, size, quality and licence', () => {
    expect(sorted('speed').at(-1)).toBe('huge');
    expect(sorted('speed')[0]).toBe('new-small');
    expect(sorted('size')[0]).toBe('new-small');
    // Two answers are no quality.
    expect(sorted('quality').slice(0, 3)).toEqual(['old-large', 'new-small', 'base']);
    expect(sorted('licence').at(-1)).toBe('closed');
  });

  it('puts what cannot be used here last', () => {
    const views = rows.map(view).map((each) => {
      if (each.model.id !== 'new-small' || each.offered === undefined) return each;
      return { ...each, offered: { ...each.offered, use: 'no-engine' as const } };
    });
    expect(idsOf(sortModels(describeModels(views, REPORT, runs), 'size')).at(-1)).toBe('new-small');
  });
});
