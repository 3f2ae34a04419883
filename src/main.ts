import { mount } from 'svelte';
import { Bench } from './app/bench.svelte';
import { listHostedModels, readCatalog } from './app/catalog';
import { Choices } from './app/choices.svelte';
import { History } from './app/history.svelte';
import { ensureIsolation } from './app/isolation';
import { Preferences } from './app/preferences.svelte';
import { Router } from './app/router.svelte';
import { Speed } from './app/speed.svelte';
import { BUNDLED_SETS, loadTestSet } from './app/test-sets';
import { createRunStore } from './storage/run-store';
import { createSettingsStore } from './storage/settings-store';
import App from './ui/App.svelte';
import { overwriteGetLocale } from './ui/messages/runtime';
import { createEngineClient } from './worker/client';
import { nameRunLock } from './worker/protocol';

const siteUrl = new URL('./', window.location.href.split('#')[0]).href;
const preferences = new Preferences(findLocalStorage(), navigator.languages);
overwriteGetLocale(() => preferences.locale);

const runStore = createRunStore();
const history = new History({ runStore, findLiveRuns, awaitRunEnd });
const client = createEngineClient();
const modelsUrl = new URL('static-models/', siteUrl).href;
const bench = new Bench({
  client,
  runStore,
  modelsUrl,
  requestPersistence: () => navigator.storage.persist(),
  createId: () => crypto.randomUUID(),
  now: () => performance.now(),
  onJournal: () => void history.refresh(),
});
const settings = createSettingsStore();
const choices = new Choices(
  listHostedModels(readCatalog()),
  settings,
  BUNDLED_SETS,
  (id) => loadTestSet(siteUrl, id),
  () => client.listEngines(),
);
const speed = new Speed({ client, settings, modelsUrl });

void ensureIsolation(() => bench.busy || speed.busy);
void history.refresh();
void choices.load(preferences.locale);
void speed.recall();

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(App, {
  target,
  props: { app: { bench, choices, history, preferences, router: new Router(window), siteUrl, speed } },
});

/** Throws where the person has forbidden storage; the page then forgets its theme and language. */
function findLocalStorage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** A run under way holds a Web Lock, in this tab or another; one that was cut off does not. */
async function findLiveRuns(): Promise<readonly string[]> {
  const { held = [] } = await navigator.locks.query();
  const prefix = nameRunLock('');
  return held.flatMap(({ name = '' }) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}

async function awaitRunEnd(runId: string): Promise<void> {
  await navigator.locks.request(nameRunLock(runId), { mode: 'shared' }, () => undefined);
}
