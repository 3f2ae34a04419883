const MODELS_TABS = ['catalog', 'files', 'hub', 'stored'] as const;
export type ModelsTab = (typeof MODELS_TABS)[number];

export type Route =
  | { readonly screen: 'run' }
  | { readonly screen: 'results' }
  | { readonly screen: 'result'; readonly runId: string }
  /** Ids of runs, or `r=` and the payload of a link. */
  | { readonly screen: 'compare'; readonly ids: readonly string[] }
  | { readonly screen: 'shared'; readonly payload: string }
  /** `spec` names a set that generators build, as a link to it has it. */
  | { readonly screen: 'sets'; readonly spec?: string }
  | { readonly screen: 'set'; readonly setId: string }
  | { readonly screen: 'models'; readonly tab: ModelsTab }
  | { readonly screen: 'chat' }
  | { readonly screen: 'speed' }
  | { readonly screen: 'shared-speed'; readonly payload: string }
  | { readonly screen: 'about' };

/** More would not fit on any screen. */
export const MAX_COMPARED = 12;

/** The address of a comparison. */
export function nameComparison(ids: readonly string[]): string {
  return `#/compare/${ids.join(',')}`;
}

/** Reads a URL fragment. Fragments, because a static host serves one page and never sees them. */
export function parseRoute(fragment: string): Route {
  const hash = fragment.replace(/^#/, '');
  if (hash.startsWith('r=')) return { screen: 'shared', payload: hash.slice(2) };
  if (hash.startsWith('s=')) return { screen: 'shared-speed', payload: hash.slice(2) };
  if (hash.startsWith('set=')) return { screen: 'sets', spec: hash.slice(4) };
  const [, screen, id] = hash.split('/');
  if (screen === 'results') {
    return id === undefined || id === '' ? { screen: 'results' } : { screen: 'result', runId: id };
  }
  if (screen === 'sets') {
    return id === undefined || id === '' ? { screen: 'sets' } : { screen: 'set', setId: id };
  }
  if (screen === 'compare') {
    const ids = (id ?? '').split(',').filter((each) => each !== '');
    return { screen, ids: ids.slice(0, MAX_COMPARED) };
  }
  if (screen === 'models') {
    return { screen, tab: MODELS_TABS.find((tab) => tab === id) ?? 'catalog' };
  }
  return screen === 'chat' || screen === 'speed' || screen === 'about' ? { screen } : { screen: 'run' };
}

export class Router {
  #route = $state.raw<Route>({ screen: 'run' });

  constructor(readonly window: Window) {
    this.#route = parseRoute(window.location.hash);
    window.addEventListener('hashchange', () => {
      this.#route = parseRoute(window.location.hash);
      window.scrollTo(0, 0);
    });
  }

  get route(): Route {
    return this.#route;
  }

  go(
    fragment: '#/' | '#/models/files' | '#/results' | '#/sets' | `#/sets/${string}` | '#/speed' | '#/about',
  ): void {
    this.window.location.hash = fragment;
  }
}
