import { mount } from 'svelte';
import { Adapters } from './app/models/adapters.svelte';
import { awaitPaint } from './app/run/await-paint';
import { Bench } from './app/run/bench.svelte';
import { CachedFiles } from './app/models/cached-files.svelte';
import { readCatalog } from './app/models/catalog';
import { Chat } from './app/chat/chat.svelte';
import { KeptChats } from './app/chat/kept-chats.svelte';
import { Choices } from './app/run/choices.svelte';
import { DeviceProbe } from './app/models/device-probe.svelte';
import { History } from './app/results/history.svelte';
import { HubBrowser } from './app/models/hub-browser.svelte';
import { ensureIsolation } from './app/isolation';
import { Arena } from './app/arena/arena.svelte';
import { Matrix } from './app/matrix/matrix.svelte';
import { holdAwake } from './app/matrix/wake-lock';
import { OwnModels } from './app/models/own-models.svelte';
import { Preferences } from './app/preferences.svelte';
import { readImage } from './app/chat/read-image';
import { Router } from './app/router.svelte';
import { Sets } from './app/sets/sets.svelte';
import { Speed } from './app/speed/speed.svelte';
import { BUNDLED_SETS, loadTestSet } from './app/sets/test-sets';
import type { Adapter } from './domain/model/lora-model';
import type { Artifact } from './domain/model/model';
import { createLocalFileStore } from './storage/local-files';
import { createRunStore } from './storage/run-store';
import { createSetStore } from './storage/set-store';
import { createSettingsStore } from './storage/settings-store';
import App from './ui/App.svelte';
import { overwriteGetLocale } from './ui/messages/runtime';
import { createEngineClient } from './worker/client';
import { createImportClient } from './worker/import/import-client';
import { nameRunLock } from './worker/protocol';

const siteUrl = new URL('./', window.location.href.split('#')[0]).href;
const preferences = new Preferences(findLocalStorage(), navigator.languages);
overwriteGetLocale(() => preferences.locale);

const runStore = createRunStore();
const history = new History({ runStore, findLiveRuns, awaitRunEnd });
const client = createEngineClient();
const settings = createSettingsStore();
const files = createLocalFileStore();
const onAdapter = (adapter: Adapter) => void adapters.keep(adapter);
const hubUrl = findHubUrl();
const own = new OwnModels({ client, files, settings, hubUrl, onAdapter });
const modelsUrl = new URL('static-models/', siteUrl).href;
const adapters = new Adapters({ client, files, own, settings, modelsUrl, hubUrl });
const opening = {
  client,
  modelsUrl,
  openLocalFiles: (artifact: Artifact) => own.open(artifact),
  requestPersistence: () => navigator.storage.persist(),
  now: () => performance.now(),
};
const bench = new Bench({
  ...opening,
  runStore,
  awaitPaint,
  createId: () => crypto.randomUUID(),
  onJournal: () => void history.refresh(),
});
const chat = new Chat({ ...opening, readImage });
const keptChats = new KeptChats({ settings, createId: () => crypto.randomUUID(), now: () => Date.now() });
const sets = new Sets({
  store: createSetStore(),
  now: () => Date.now(),
  bundled: BUNDLED_SETS,
  onSaved: (set) => choices.replace(set),
  onDeleted: (id) => choices.withdraw(id),
});
const choices = new Choices(
  readCatalog(),
  settings,
  BUNDLED_SETS,
  async (id) => (await findStored(id)) ?? loadTestSet(siteUrl, id),
  () => client.listEngines(),
);
const matrix = new Matrix({
  bench,
  settings,
  findRun: (id) => runStore.findRun(id),
  awaitRunEnd,
  openSet: (id) => choices.open(id),
  createId: () => crypto.randomUUID(),
  holdAlone: (work) => navigator.locks.request('wizardbench-matrix', work),
  holdAwake: () => holdAwake({ navigator, document }),
});
const arena = new Arena({
  listRuns: () => runStore.listRuns(),
  findRun: (id) => runStore.findRun(id),
  settings,
  random: Math.random,
});
const speed = new Speed({ client, settings, modelsUrl, now: opening.now });
const device = new DeviceProbe({ client, settings, userAgent: navigator.userAgent });
const hub = new HubBrowser({ client, hubUrl, onAdapter });
const cached = new CachedFiles({ client, storage: navigator.storage });
const router = new Router(window);

void ensureIsolation(() => bench.busy || speed.busy || chat.turns.length > 0);
void history.refresh();
void loadChoices();
void speed.recall();

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(App, {
  target,
  props: {
    app: {
      adapters,
      arena,
      bench,
      cached,
      chat,
      choices,
      client,
      device,
      history,
      hub,
      keptChats,
      own,
      preferences,
      router,
      importSteps: createImportClient(hubUrl),
      matrix,
      sets,
      siteUrl,
      speed,
    },
  },
});

/** A set kept here may be the one chosen last time. */
async function loadChoices(): Promise<void> {
  await sets.refresh();
  choices.offer(sets.stored ?? []);
  await choices.load(preferences.locale);
}

/** Where storage is forbidden, the page still has the sets that come with it. */
async function findStored(id: string) {
  return BUNDLED_SETS.some((each) => each.id === id) ? undefined : sets.find(id).catch(() => undefined);
}

/** Throws where the person has forbidden storage; the page then forgets its theme and language. */
function findLocalStorage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** A stand-in for the Hub, for tests: only a page on this very machine may name one. */
function findHubUrl(): string | undefined {
  const { hostname, search } = window.location;
  if (hostname !== 'localhost' && hostname !== '127.0.0.1') return undefined;
  const hubUrl = new URLSearchParams(search).get('hub');
  return hubUrl !== null && URL.canParse(hubUrl) ? new URL(hubUrl).origin : undefined;
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
