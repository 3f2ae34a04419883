import { describe, expect, it } from 'vitest';
import { TransferRate } from './transfer-rate';

function rateOf(...samples: [atMs: number, bytes: number][]): number | undefined {
  const rate = new TransferRate();
  for (const [atMs, bytes] of samples) rate.add(atMs, bytes);
  return rate.bytesPerSecond;
}

describe('TransferRate', () => {
  it('knows nothing at first', () => {
    expect(rateOf()).toBeUndefined();
    expect(rateOf([0, 0])).toBeUndefined();
  });

  it('does not judge by the first moments', () => {
    expect(rateOf([0, 0], [199, 1_000_000])).toBeUndefined();
    expect(rateOf([0, 0], [200, 1_000])).toBe(5_000);
  });

  it('is bytes by time, whatever the steps', () => {
    expect(rateOf([1_000, 500], [1_100, 900], [3_000, 4_500])).toBe(2_000);
  });

  it('forgets what is older than four seconds', () => {
    // A megabyte a second first, then a kilobyte a second.
    expect(rateOf([0, 0], [1_000, 1_000_000], [5_500, 1_004_500], [7_500, 1_006_500])).toBe(1_000);
  });

  it('shows a stall, once nothing but the stall is in sight', () => {
    expect(rateOf([0, 0], [1_000, 5_000], [3_000, 5_000], [6_000, 5_000])).toBeUndefined();
  });

  it('has no rate while bytes are taken back, and goes on afterwards', () => {
    const rate = new TransferRate();
    rate.add(0, 10_000);
    rate.add(1_000, 4_000);
    expect(rate.bytesPerSecond).toBeUndefined();
    rate.add(6_000, 4_000);
    rate.add(7_000, 6_000);
    expect(rate.bytesPerSecond).toBe(2_000);
  });
});
