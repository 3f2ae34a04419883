import { describe, expect, it } from 'vitest';
import { MENU } from './screens';
import { GO_KEYS, Shortcuts, type KeyPress } from './shortcuts';

const press = (key: string, change: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...change,
});

describe('Shortcuts', () => {
  it('goes to a screen by two keys, and only by both', () => {
    const shortcuts = new Shortcuts();
    expect(shortcuts.press(press('r'))).toBeUndefined();
    expect(shortcuts.press(press('g'))).toBeUndefined();
    expect(shortcuts.press(press('m'))).toEqual({ kind: 'go', screen: 'models' });
    expect(shortcuts.press(press('m'))).toBeUndefined();
  });

  it('forgets the first key after another one', () => {
    const shortcuts = new Shortcuts();
    shortcuts.press(press('g'));
    expect(shortcuts.press(press('j'))).toEqual({ kind: 'next' });
    expect(shortcuts.press(press('r'))).toBeUndefined();
  });

  it('works on a keyboard that writes Cyrillic', () => {
    const shortcuts = new Shortcuts();
    shortcuts.press(press('п', { code: 'KeyG' }));
    expect(shortcuts.press(press('к', { code: 'KeyR' }))).toEqual({ kind: 'go', screen: 'run' });
    expect(shortcuts.press(press('о', { code: 'KeyJ' }))).toEqual({ kind: 'next' });
  });

  it("leaves the browser's own shortcuts alone", () => {
    const shortcuts = new Shortcuts();
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      expect(shortcuts.press(press('/', held))).toBeUndefined();
    }
  });

  it('names screens of the menu, each once', () => {
    const menu: readonly string[] = MENU.map(({ id }) => id);
    expect(GO_KEYS.filter(({ screen }) => !menu.includes(screen))).toEqual([]);
    expect(new Set(GO_KEYS.map(({ key }) => key)).size).toBe(GO_KEYS.length);
  });
});
