import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSettingsStore } from './settings-store';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('createSettingsStore', () => {
  it('knows nothing at first', async () => {
    expect(await createSettingsStore().get('threads')).toBeUndefined();
  });

  it('remembers values of any kind, each under its own name', async () => {
    const settings = createSettingsStore();
    await settings.set('threads', 4);
    await settings.set('sampling', { temperature: 0 });
    await settings.set('threads', 8);
    const later = createSettingsStore();
    expect(await later.get('threads')).toBe(8);
    expect(await later.get('sampling')).toEqual({ temperature: 0 });
  });
});
