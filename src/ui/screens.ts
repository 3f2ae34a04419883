import type { Component } from 'svelte';
import type { ScreenId, ScreenProps } from '../app/screens';
import AboutScreen from './about/AboutScreen.svelte';
import { m } from './messages/messages';
import NotFoundScreen from './NotFoundScreen.svelte';
import ResultScreen from './results/ResultScreen.svelte';
import ResultsScreen from './results/ResultsScreen.svelte';
import RunScreen from './run/RunScreen.svelte';
import SharedScreen from './shared/SharedScreen.svelte';
import SharedSpeedScreen from './speed/SharedSpeedScreen.svelte';
import SpeedScreen from './speed/SpeedScreen.svelte';

interface View<Props extends object> {
  /** Of the window; empty for the start. */
  readonly title: () => string;
  /** In the menu, where the screen is an entry of it. */
  readonly menu?: () => string;
  /** The component, or the loading of a large one that a first visit does without. */
  readonly load: () => Component<Props> | Promise<{ readonly default: Component<Props> }>;
  /** Shown while it loads; nothing, where that is left out. */
  readonly loading?: () => string;
  /** Follows its address as it is shown; others begin anew at every address. */
  readonly live?: true;
}

/** What is shown of each screen of `app/screens.ts`. */
export const VIEWS: { readonly [Id in ScreenId]: View<ScreenProps[Id]> } = {
  run: { title: () => '', menu: m.nav_run, load: () => RunScreen },
  chat: { title: m.nav_chat, menu: m.nav_chat, load: () => import('./chat/ChatScreen.svelte') },
  models: {
    title: m.models_title,
    menu: m.nav_models,
    load: () => import('./models/ModelsScreen.svelte'),
    live: true,
  },
  sets: { title: m.sets_title, menu: m.nav_sets, load: () => import('./sets/SetsScreen.svelte') },
  set: { title: m.editor_heading, load: () => import('./sets/EditorScreen.svelte') },
  matrix: { title: m.matrix_title, menu: m.nav_matrix, load: () => import('./matrix/MatrixScreen.svelte') },
  arena: { title: m.arena_title, load: () => import('./arena/ArenaScreen.svelte') },
  results: { title: m.results_title, menu: m.nav_results, load: () => ResultsScreen },
  result: { title: m.score_title, load: () => ResultScreen },
  compare: {
    title: m.compare_title,
    load: () => import('./compare/CompareScreen.svelte'),
    loading: m.compare_loading,
  },
  speed: { title: m.nav_speed, menu: m.nav_speed, load: () => SpeedScreen },
  about: { title: m.nav_about, menu: m.nav_about, load: () => AboutScreen },
  shared: { title: m.shared_title, load: () => SharedScreen },
  'shared-speed': { title: m.speedtest_shared_title, load: () => SharedSpeedScreen },
  'not-found': { title: m.notfound_title, load: () => NotFoundScreen },
};

/** The component of a screen. Its props are those of a route of that screen: `VIEWS` is typed so. */
export function loadScreen(
  screen: ScreenId,
): Component<Record<string, unknown>> | Promise<Component<Record<string, unknown>>> {
  type Loaded = Component<Record<string, unknown>>;
  const loaded = VIEWS[screen].load();
  return loaded instanceof Promise ? loaded.then((module) => module.default as Loaded) : (loaded as Loaded);
}
