import { createStore, get, set } from 'idb-keyval';
import type { SettingsStore } from '../domain/run/ports';

export function createSettingsStore(): SettingsStore {
  const settings = createStore('wizardbench-settings', 'settings');
  return {
    get: (key) => get<unknown>(key, settings),
    set: (key, value) => set(key, value, settings),
  };
}
