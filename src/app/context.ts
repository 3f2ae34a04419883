import { getContext, setContext } from 'svelte';
import type { Adapters } from './adapters.svelte';
import type { Bench } from './bench.svelte';
import type { CachedFiles } from './cached-files.svelte';
import type { Chat } from './chat.svelte';
import type { Choices } from './choices.svelte';
import type { DeviceProbe } from './device-probe.svelte';
import type { History } from './history.svelte';
import type { HubBrowser } from './hub-browser.svelte';
import type { ImporterPorts } from './importer.svelte';
import type { OwnModels } from './own-models.svelte';
import type { Preferences } from './preferences.svelte';
import type { Router } from './router.svelte';
import type { EngineClient } from '../worker/client';
import type { Sets } from './sets.svelte';
import type { Speed } from './speed.svelte';

export interface App {
  readonly adapters: Adapters;
  readonly bench: Bench;
  readonly cached: CachedFiles;
  readonly chat: Chat;
  readonly choices: Choices;
  readonly device: DeviceProbe;
  readonly history: History;
  readonly hub: HubBrowser;
  /** Models from picked files. */
  readonly own: OwnModels;
  readonly preferences: Preferences;
  readonly router: Router;
  readonly sets: Sets;
  readonly speed: Speed;
  /** For what needs no state of its own. */
  readonly client: Pick<EngineClient, 'gradeAnswers'>;
  readonly runImport: ImporterPorts['run'];
  /** Absolute URL of the page's folder, with a slash at its end. */
  readonly siteUrl: string;
}

const KEY = Symbol('app');

export function provideApp(app: App): void {
  setContext(KEY, app);
}

export function useApp(): App {
  return getContext<App>(KEY);
}
