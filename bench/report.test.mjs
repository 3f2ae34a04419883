import { expect, test } from 'vitest';
import {
  best,
  median,
  ratio,
  shareOfRoof,
  share,
  sharesOfRow,
  summariseShapes,
  summariseSmall,
  workOf,
} from './report.mjs';

const round = (ours, native, withoutAmx) => ({
  ours: { prefill: ours, decode: 10 * ours },
  wllama: { prefill: 2, decode: 4 },
  native: { prefill: native, decode: 5 * native },
  ...(withoutAmx && { nativeWithoutAmx: { prefill: withoutAmx, decode: 4 * withoutAmx } }),
});
const model = (rounds, rest) => ({
  rounds,
  ...(rounds[0].nativeWithoutAmx && { nativeWithoutAmx: {} }),
  agreement: {
    agreement: 0.98,
    oursVsExact: 0.97,
    nativeVsExact: 0.96,
    misses: [{ gap: 0.2 }, { gap: 0.3 }],
  },
  roof: { prefillShare: 0.8, decodeShare: 0.5 },
  ...rest,
});

test('the median of an even count is the greater middle, and nothing is reordered', () => {
  const values = [4, 1, 3, 2];
  expect(median(values)).toBe(3);
  expect(values).toEqual([4, 1, 3, 2]);
  expect(best([round(1, 1), round(3, 1), round(2, 1)], 'ours', 'decode')).toBe(30);
});

test('a ratio is the median of the rounds, not the ratio of the bests', () => {
  // 8/2, 3/3, 6/3: the bests would give 8/3.
  const result = model([round(8, 2), round(3, 3), round(6, 3)]);
  expect(ratio(result, 'prefill', 'native')).toBe(2);
  expect(ratio(result, 'decode', 'native')).toBe(4);
});

test('VsNative is against llama.cpp without AMX, and VsNativeAmx against the one with it', () => {
  const summary = summariseSmall({ Q8_0: model([round(8, 16, 10)]), Q4_1: model([round(6, 15, 5)]) });
  expect(summary.prefillVsNative).toBe(0.8);
  expect(summary.prefillVsNativeAmx).toBe(0.4);
  expect(summary.decodeVsNative).toBe(2);
  expect(summary.decodeVsNativeAmx).toBe(0.8);
  expect(summary.prefillVsWllama).toBe(3);
  expect(summary.greatestMissGap).toBe(0.3);
});

test('where llama.cpp uses no AMX there is one comparison', () => {
  const summary = summariseSmall({ Q8_0: model([round(8, 16)]), Q4_1: model([round(6, 15)]) });
  expect(summary.prefillVsNative).toBe(0.4);
  expect(Object.keys(summary).filter((name) => name.endsWith('Amx'))).toEqual([]);
});

test('the 7B shapes compare alike', () => {
  const Q4_0 = model([round(8, 16, 10)], { loadMs: 5000, readMs: 2000 });
  const summary = summariseShapes({ Q4_0, Q4_K_M: { ours: { decode: 4.5 } } });
  expect(summary).toMatchObject({ shapePrefillVsNative: 0.8, shapePrefillVsNativeAmx: 0.5 });
  expect(summary).toMatchObject({ shapeDecodeVsNative: 2, shapeLoadVsRead: 2.5, shapeQ4KMDecode: 4.5 });
});

const tensor = (name, dimensions, type, bytes) => ({ name, dimensions, type, bytes });
const LAYERS = [
  tensor('blk.0.attn_q.weight', [4, 8], 'Q4_0', 40),
  tensor('blk.0.ffn_down.weight', [8, 4], 'Q6_K', 30),
  tensor('blk.0.attn_norm.weight', [4], 'F32', 16),
];

test('a token costs the layers, and reads the output once', () => {
  const tied = workOf([tensor('token_embd.weight', [4, 100], 'Q8_0', 500), ...LAYERS]);
  expect(tied).toEqual({ prefillOps: 128, decodeBytes: 570, mainType: 'Q4_0' });
  const output = tensor('output.weight', [4, 100], 'Q6_K', 300);
  expect(workOf([tensor('token_embd.weight', [4, 100], 'Q8_0', 500), output, ...LAYERS]).decodeBytes).toBe(
    370,
  );
});

test('shares of the roof', () => {
  const roofline = { dotOpsPerSecond: 1280, readBytesPerSecond: 5700 };
  expect(shareOfRoof({ prefill: 5, decode: 4 }, { prefillOps: 128, decodeBytes: 570 }, roofline)).toEqual({
    prefillShare: 0.5,
    decodeShare: 0.4,
  });
});

test('agreement is counted position by position', () => {
  expect(share([1, 2, 3, 4], [1, 3, 3, 2])).toBe(0.5);
  expect(() => share([1, 2], [1])).toThrow('2 and 1 positions');
  expect(sharesOfRow({ exact: [1, 2], predictions: { native: [1, 2], ours: [2, 2] } })).toEqual({
    native: 1,
    ours: 0.5,
  });
});
