import { getContext, setContext } from 'svelte';
import type { Adapters } from './models/adapters.svelte';
import type { Bench } from './run/bench.svelte';
import type { CachedFiles } from './models/cached-files.svelte';
import type { Chat } from './chat/chat.svelte';
import type { KeptChats } from './chat/kept-chats.svelte';
import type { Choices } from './run/choices.svelte';
import type { DeviceProbe } from './models/device-probe.svelte';
import type { History } from './results/history.svelte';
import type { HubBrowser } from './models/hub-browser.svelte';
import type { ImportSteps } from './sets/importer.svelte';
import type { OwnModels } from './models/own-models.svelte';
import type { Arena } from './arena/arena.svelte';
import type { Matrix } from './matrix/matrix.svelte';
import type { Preferences } from './preferences.svelte';
import type { Router } from './router.svelte';
import type { EngineClient } from '../worker/client';
import type { Sets } from './sets/sets.svelte';
import type { Speed } from './speed/speed.svelte';

export interface App {
  readonly adapters: Adapters;
  readonly arena: Arena;
  readonly bench: Bench;
  readonly cached: CachedFiles;
  readonly chat: Chat;
  readonly choices: Choices;
  readonly device: DeviceProbe;
  readonly history: History;
  readonly hub: HubBrowser;
  readonly matrix: Matrix;
  /** Models from picked files. */
  readonly own: OwnModels;
  readonly keptChats: KeptChats;
  readonly preferences: Preferences;
  readonly router: Router;
  readonly sets: Sets;
  readonly speed: Speed;
  /** For what needs no state of its own. */
  readonly client: Pick<EngineClient, 'gradeAnswers'>;
  readonly importSteps: ImportSteps;
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
