import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseRoute, Router, type Route } from './router.svelte';

const routes: [fragment: string, route: Route][] = [
  ['', { screen: 'run' }],
  ['#', { screen: 'run' }],
  ['#/', { screen: 'run' }],
  ['#/results', { screen: 'results' }],
  ['#/results/', { screen: 'results' }],
  ['#/results/0b5c', { screen: 'result', runId: '0b5c' }],
  ['#/results/0b5c/more', { screen: 'result', runId: '0b5c' }],
  ['#/models', { screen: 'models', tab: 'catalog' }],
  ['#/models/hub', { screen: 'models', tab: 'hub' }],
  ['#/models/nothing', { screen: 'models', tab: 'catalog' }],
  ['#/about', { screen: 'about' }],
  ['#r=H4sI-_x', { screen: 'shared', payload: 'H4sI-_x' }],
  ['#r=', { screen: 'shared', payload: '' }],
  ['#r=a/results/b', { screen: 'shared', payload: 'a/results/b' }],
  // Junk leads to the start.
  ['#/nowhere', { screen: 'run' }],
  ['#results', { screen: 'run' }],
  ['#/Results', { screen: 'run' }],
  ['#/<script>', { screen: 'run' }],
  ['#/__proto__', { screen: 'run' }],
  ['#%', { screen: 'run' }],
];

describe('parseRoute', () => {
  it.each(routes)('reads %j', (fragment, route) => {
    expect(parseRoute(fragment)).toEqual(route);
  });

  it('has a screen for any fragment', () => {
    fc.assert(
      fc.property(fc.string(), (fragment) => {
        expect(['run', 'results', 'result', 'shared', 'about']).toContain(parseRoute(`#${fragment}`).screen);
      }),
    );
  });
});

/** As much of a window as a router needs. */
function makeWindow(hash: string) {
  const events = new EventTarget();
  const location = { hash };
  const scrollTo = vi.fn();
  const fake = Object.assign(events, { location, scrollTo }) as unknown as Window;
  return {
    fake,
    location,
    scrollTo,
    follow: (fragment: string) => {
      location.hash = fragment;
      events.dispatchEvent(new Event('hashchange'));
    },
  };
}

describe('Router', () => {
  it('starts where the address says', () => {
    expect(new Router(makeWindow('#/about').fake).route).toEqual({ screen: 'about' });
  });

  it('follows the address, and shows each screen from its top', () => {
    const { fake, follow, scrollTo } = makeWindow('');
    const router = new Router(fake);
    follow('#/results/x');
    expect(router.route).toEqual({ screen: 'result', runId: 'x' });
    expect(scrollTo).toHaveBeenCalledWith(0, 0);
  });

  it('goes by changing the address, so that Back works', () => {
    const { fake, location } = makeWindow('');
    new Router(fake).go('#/results');
    expect(location.hash).toBe('#/results');
  });
});
