import { describe, expect, it } from 'vitest';
import { Preferences } from './preferences.svelte';

/** localStorage without a browser. */
function makeStorage(entries: Record<string, string> = {}): Storage {
  const values = new Map(Object.entries(entries));
  return {
    get length() {
      return values.size;
    },
    clear: () => {
      values.clear();
    },
    getItem: (key) => values.get(key) ?? null,
    key: (index) => [...values.keys()][index] ?? null,
    removeItem: (key) => {
      values.delete(key);
    },
    setItem: (key, value) => {
      values.set(key, value);
    },
  };
}

describe('Preferences', () => {
  it.each([
    [['ru-RU', 'en'], 'ru'],
    [['en-GB', 'ru'], 'en'],
    [['de', 'ru'], 'ru'],
    [['RU'], 'ru'],
    [['de', 'fr'], 'en'],
    [[], 'en'],
  ])('speaks to a browser that asks for %j in %s', (languages, locale) => {
    expect(new Preferences(makeStorage(), languages).locale).toBe(locale);
  });

  it('follows the system in its colours until told otherwise', () => {
    expect(new Preferences(makeStorage(), []).theme).toBe('system');
  });

  it('remembers what was chosen, before what the browser asks for', () => {
    const storage = makeStorage();
    const preferences = new Preferences(storage, ['en']);
    preferences.theme = 'dark';
    preferences.locale = 'ru';
    expect([preferences.theme, preferences.locale]).toEqual(['dark', 'ru']);
    const later = new Preferences(storage, ['en']);
    expect([later.theme, later.locale]).toEqual(['dark', 'ru']);
  });

  it('does not trust what it finds', () => {
    const storage = makeStorage({ theme: 'pink', locale: '__proto__' });
    const { theme, locale } = new Preferences(storage, ['ru']);
    expect([theme, locale]).toEqual(['system', 'ru']);
  });

  it('works without storage, until the page closes', () => {
    const preferences = new Preferences(undefined, ['ru']);
    preferences.theme = 'light';
    preferences.locale = 'en';
    expect([preferences.theme, preferences.locale]).toEqual(['light', 'en']);
  });
});
