import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLinkText } from '../sharing/link-codec';
import { computeSpeedFigures, parseSpeedReport, summariseSamples, type SpeedReport } from './speed';
import { decodeSpeedLink, encodeSpeedLink } from '../sharing/speed-link';

const measured = (engineId: string, backend: 'wasm' | 'webgpu', prefill: number[], decode: number[]) => ({
  engineId,
  engineLabel: engineId,
  backend,
  engineVersion: '1',
  threads: 2,
  promptTokens: 100,
  answerTokens: 24,
  loadMs: 900,
  firstTokenMs: prefill.map((rate) => 100_000 / rate),
  prefillTokensPerSecond: prefill,
  decodeTokensPerSecond: decode,
});

const REPORT: SpeedReport = {
  version: 1,
  startedAt: Date.UTC(2026, 10, 22),
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
    measured('simd', 'wasm', [900, 1000, 1100], [180, 200, 220]),
    measured('wllama', 'wasm', [50], [20, 30]),
    measured('wllama', 'webgpu', [2000], [50]),
    {
      engineId: 'other',
      engineLabel: 'Other',
      backend: 'webgpu',
      unavailable: { code: 'no-adapter', detail: '' },
    },
  ],
};

describe('parseSpeedReport', () => {
  it('reads the limits of a device with and without the kernel that they are of', () => {
    expect(parseSpeedReport(REPORT, 'speed report')).toEqual(REPORT);
    const named = { ...REPORT, roofline: REPORT.roofline && { ...REPORT.roofline, kernel: 'lanes' } };
    expect(parseSpeedReport(named, 'speed report')).toEqual(named);
  });
});

describe('summariseSamples', () => {
  it('takes the middle, the ends and the spread', () => {
    expect(summariseSamples([3, 1, 2])).toEqual({
      count: 3,
      median: 2,
      mean: 2,
      min: 1,
      max: 3,
      standardDeviation: 1,
    });
    expect(summariseSamples([4, 1, 2, 3]).median).toBe(2.5);
    expect(summariseSamples([7])).toEqual({ count: 1, median: 7, mean: 7, min: 7, max: 7 });
    expect(() => summariseSamples([])).toThrow(RangeError);
  });

  it('keeps median and mean between the ends', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const { median, mean, min, max } = summariseSamples(values);
        expect(median).toBeGreaterThanOrEqual(min);
        expect(median).toBeLessThanOrEqual(max);
        expect(mean).toBeGreaterThanOrEqual(min * (1 - 1e-12));
        expect(mean).toBeLessThanOrEqual(max * (1 + 1e-12));
      }),
    );
  });
});

describe('computeSpeedFigures', () => {
  it('compares with llama.cpp on the CPU and with the roof', () => {
    const [ours, baseline, gpu, ...rest] = computeSpeedFigures(REPORT);
    expect(rest).toEqual([]);
    expect(ours?.prefill).toMatchObject({ median: 1000, ratio: 20, ofRoof: 0.5 });
    expect(ours?.decode).toMatchObject({ median: 200, ratio: 8, ofRoof: 0.5 });
    expect(baseline?.prefill.ratio).toBeUndefined();
    expect(baseline?.decode.ofRoof).toBeCloseTo(0.0625);
    expect(gpu?.prefill.ratio).toBe(40);
    expect(gpu?.prefill.ofRoof).toBeUndefined();
  });

  it('leaves out what it has nothing to compare with', () => {
    const alone = { ...REPORT, roofline: null, entries: REPORT.entries.slice(0, 1) };
    const [ours] = computeSpeedFigures(alone);
    expect(ours?.prefill.ratio).toBeUndefined();
    expect(ours?.decode.ofRoof).toBeUndefined();
    expect(computeSpeedFigures({ ...REPORT, entries: [] })).toEqual([]);
  });
});

describe('a speed link', () => {
  it('holds the whole report and is short', async () => {
    const payload = await encodeSpeedLink(REPORT);
    expect(payload.length).toBeLessThan(2_000);
    expect(await decodeSpeedLink(payload)).toEqual(REPORT);
  });

  it('is refused when anything in it is not as it should be', async () => {
    const [entry] = REPORT.entries;
    const wrong: unknown[] = [
      null,
      [],
      {},
      { ...REPORT, version: 2 },
      { ...REPORT, extra: 1 },
      { ...REPORT, entries: [entry, entry] },
      { ...REPORT, entries: [{ ...entry, prefillTokensPerSecond: [] }] },
      { ...REPORT, entries: [{ ...entry, decodeTokensPerSecond: [-1] }] },
      { ...REPORT, entries: [{ ...entry, backend: 'quantum' }] },
      { ...REPORT, model: { ...REPORT.model, parameters: 0 } },
      { ...REPORT, artifact: { ...REPORT.artifact, sha256: 'x' } },
      { ...REPORT, roofline: { ...REPORT.roofline, readBytesPerSecond: null } },
    ];
    for (const data of wrong) {
      expect(() => parseSpeedReport(data, 'link')).toThrow();
      await expect(decodeSpeedLink(await encodeLinkText(data))).rejects.toMatchObject({
        fault: { kind: 'bad-input', what: 'link' },
      });
    }
  });
});
