import { describe, expect, it } from 'vitest';
import { findShortcomings } from './lighthouse.mjs';

const report = (performance, shift) => ({
  categories: {
    performance: { score: performance },
    accessibility: { score: 1 },
    'best-practices': { score: 1 },
  },
  audits: {
    'largest-contentful-paint': { numericValue: 900 },
    'cumulative-layout-shift': { numericValue: shift },
  },
});

describe('findShortcomings', () => {
  it('finds none where every limit is kept', () => {
    expect(findShortcomings(report(0.95, 0.05))).toEqual([]);
  });

  it('names each that is not, and what is missing', () => {
    expect(findShortcomings(report(0.94, 0.06))).toEqual([
      'performance: 94, expected 95 or more',
      'cumulative-layout-shift: 0.060, expected 0.05 or less',
    ]);
    expect(findShortcomings({ categories: {}, audits: {} })).toHaveLength(5);
  });
});
