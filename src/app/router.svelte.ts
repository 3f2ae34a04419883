import { parseRoute, type Route } from './screens';

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

  go(fragment: `#/${string}`): void {
    this.window.location.hash = fragment;
  }
}
