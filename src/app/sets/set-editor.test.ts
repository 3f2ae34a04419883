import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseTestSet, type TestSet } from '../../domain/sets/test-set';
import { SetEditor } from './set-editor.svelte';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const original = parseTestSet({
  id: 'mine',
  title: 'Mine',
  language: 'en',
  licence: 'CC0-1.0',
  cases: ['a', 'b', 'c'].map((id) => ({ id, prompt: `${id}?`, graders: [{ type: 'equals', value: 'x' }] })),
});

function makeEditor(save: (set: TestSet) => Promise<void> = () => Promise.resolve()) {
  const saved: TestSet[] = [];
  const editor = new SetEditor(original, {
    save: (set) => {
      saved.push(set);
      return save(set);
    },
    quietMs: 500,
  });
  const ids = () => editor.testSet.cases.map(({ id }) => id);
  return { editor, saved, ids };
}

describe('SetEditor', () => {
  it('saves once when nothing has changed for a moment', async () => {
    const { editor, saved } = makeEditor();
    editor.changeFields({ title: 'N' });
    editor.changeFields({ title: 'New' });
    expect(editor.saveState).toBe('waiting');
    await vi.advanceTimersByTimeAsync(499);
    expect(saved).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(saved).toMatchObject([{ title: 'New' }]);
    expect(editor.saveState).toBe('saved');
  });

  it('saves at once when asked to, and not again', async () => {
    const { editor, saved } = makeEditor();
    editor.changeFields({ title: 'New' });
    await editor.flush();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(saved).toHaveLength(1);
  });

  it('undoes and redoes; typing on in one field is one step', () => {
    const { editor } = makeEditor();
    editor.changeCase(0, { prompt: 'x' });
    editor.changeCase(0, { prompt: 'xy' });
    editor.changeCase(1, { prompt: 'z' });
    editor.undo();
    expect(editor.testSet.cases[1]?.prompt).toBe('b?');
    expect(editor.testSet.cases[0]?.prompt).toBe('xy');
    editor.undo();
    expect(editor.testSet).toEqual(original);
    expect(editor.canUndo).toBe(false);
    editor.redo();
    editor.redo();
    expect(editor.canRedo).toBe(false);
    expect(editor.testSet.cases[1]?.prompt).toBe('z');
    editor.undo();
    editor.changeFields({ title: 'Other' });
    expect(editor.canRedo).toBe(false);
  });

  it('saves what an undo brought back', async () => {
    const { editor, saved } = makeEditor();
    editor.changeFields({ title: 'New' });
    await vi.advanceTimersByTimeAsync(500);
    editor.undo();
    await vi.advanceTimersByTimeAsync(500);
    expect(saved.map(({ title }) => title)).toEqual(['New', 'Mine']);
  });

  it('never saves what is no set, and says why', async () => {
    const { editor, saved } = makeEditor();
    editor.changeCase(0, { prompt: '' });
    await vi.advanceTimersByTimeAsync(1_000);
    await editor.flush();
    expect(saved).toEqual([]);
    expect(editor.saveState).toBe('invalid');
    expect(editor.fault).toMatchObject({ kind: 'bad-input' });
    editor.undo();
    expect(editor.fault).toBeUndefined();
  });

  it('adds, duplicates, moves and deletes cases, each with an id of its own', () => {
    const { editor, ids } = makeEditor();
    expect(editor.addCase()).toBe(3);
    expect(ids()).toEqual(['a', 'b', 'c', 'case-4']);
    editor.duplicateCase(0);
    expect(ids()).toEqual(['a', 'a-5', 'b', 'c', 'case-4']);
    editor.moveCase(0, 1);
    expect(ids()).toEqual(['a-5', 'a', 'b', 'c', 'case-4']);
    editor.moveCase(0, -1);
    editor.moveCase(4, 1);
    expect(ids()).toEqual(['a-5', 'a', 'b', 'c', 'case-4']);
    editor.deleteCase(1);
    expect(ids()).toEqual(['a-5', 'b', 'c', 'case-4']);
    expect(parseTestSet(editor.testSet)).toEqual(editor.testSet);
  });

  it('takes optional fields away when they are emptied', () => {
    const { editor } = makeEditor();
    editor.changeFields({ system: 'Be brief.' });
    editor.changeCase(0, { explanation: 'because', choices: ['x', 'y'], group: 'g' });
    expect(editor.testSet.cases[0]).toMatchObject({ explanation: 'because', group: 'g' });
    editor.changeFields({ system: '' });
    editor.changeCase(0, { explanation: '', choices: [], group: undefined });
    expect(editor.testSet).toEqual(original);
  });

  it('says when storage fails, and saves the next version', async () => {
    let full = true;
    const { editor } = makeEditor(() => (full ? Promise.reject(new Error('full')) : Promise.resolve()));
    editor.changeFields({ title: 'New' });
    await vi.advanceTimersByTimeAsync(500);
    expect(editor.saveState).toBe('failed');
    expect(editor.fault).toMatchObject({ detail: 'full' });
    full = false;
    editor.changeFields({ title: 'Newer' });
    await vi.advanceTimersByTimeAsync(500);
    expect(editor.saveState).toBe('saved');
  });
});
