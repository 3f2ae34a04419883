import { describe, expect, it } from 'vitest';
import { RunPace } from './run-pace';

describe('RunPace', () => {
  it('goes on at the pace so far', () => {
    const pace = new RunPace(4);
    pace.start(1_000);
    expect(pace.finish(3_000)).toBe(6);
    pace.start(3_000);
    // Six seconds for two answers.
    expect(pace.finish(7_000)).toBe(6);
    expect(pace.finish(10_000)).toBe(3);
    expect(pace.finish(13_000)).toBe(0);
  });

  it('says nothing where no time has passed, and no negative time', () => {
    const pace = new RunPace(1);
    pace.start(5);
    expect(pace.finish(5)).toBeUndefined();
    expect(pace.finish(8)).toBe(0);
    expect(new RunPace(2).finish(8)).toBeUndefined();
  });
});
