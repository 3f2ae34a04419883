import { describe, expect, it } from 'vitest';
import { Selection } from './selection.svelte';

describe('Selection', () => {
  it('gives what is ticked, oldest first', () => {
    const selection = new Selection();
    selection.set('b', true);
    selection.set('c', true);
    selection.set('b', true);
    expect(selection.has('b')).toBe(true);
    expect(selection.among(['c', 'b', 'a'])).toEqual(['b', 'c']);
    selection.set('c', false);
    expect(selection.among(['c', 'b', 'a'])).toEqual(['b']);
    selection.clear();
    expect(selection.among(['c', 'b', 'a'])).toEqual([]);
  });

  it('forgets what was deleted', () => {
    const selection = new Selection();
    selection.set('gone', true);
    selection.set('a', true);
    expect(selection.among(['a'])).toEqual(['a']);
  });
});
