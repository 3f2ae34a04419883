import { describe, expect, it } from 'vitest';
import { drawFavicon } from './run-signal';

const read = (url: string) => decodeURIComponent(url.slice(url.indexOf(',') + 1));

describe('drawFavicon', () => {
  it('fills its ring as the run goes on', () => {
    const lengthAt = (fraction: number) =>
      Number(/stroke-dasharray="([\d.]+)/.exec(read(drawFavicon({ kind: 'running', fraction })))?.[1]);
    expect(lengthAt(0)).toBe(0);
    expect(lengthAt(0.5)).toBeCloseTo(lengthAt(1) / 2, 0);
    expect(lengthAt(7)).toBe(lengthAt(1));
  });

  it('has a tick when the run is over, and only then', () => {
    expect(read(drawFavicon({ kind: 'done' }))).toContain('<path');
    expect(read(drawFavicon({ kind: 'running', fraction: 1 }))).not.toContain('<path');
  });
});
