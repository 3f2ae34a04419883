export const MODELS_TABS = ['catalog', 'files', 'hub', 'stored'] as const;
export type ModelsTab = (typeof MODELS_TABS)[number];

export type Route =
  | { readonly screen: 'run' }
  | { readonly screen: 'results' }
  | { readonly screen: 'result'; readonly runId: string }
  | { readonly screen: 'shared'; readonly payload: string }
  | { readonly screen: 'models'; readonly tab: ModelsTab }
  | { readonly screen: 'speed' }
  | { readonly screen: 'shared-speed'; readonly payload: string }
  | { readonly screen: 'about' };

/** Reads a URL fragment. Fragments, because a static host serves one page and never sees them. */
export function parseRoute(fragment: string): Route {
  const hash = fragment.replace(/^#/, '');
  if (hash.startsWith('r=')) return { screen: 'shared', payload: hash.slice(2) };
  if (hash.startsWith('s=')) return { screen: 'shared-speed', payload: hash.slice(2) };
  const [, screen, id] = hash.split('/');
  if (screen === 'results') {
    return id === undefined || id === '' ? { screen: 'results' } : { screen: 'result', runId: id };
  }
  if (screen === 'models') {
    return { screen, tab: MODELS_TABS.find((tab) => tab === id) ?? 'catalog' };
  }
  return screen === 'speed' || screen === 'about' ? { screen } : { screen: 'run' };
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

  go(fragment: '#/' | '#/models/files' | '#/results' | '#/speed' | '#/about'): void {
    this.window.location.hash = fragment;
  }
}
