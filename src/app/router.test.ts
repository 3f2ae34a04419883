import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Router } from './router.svelte';
import {
  findMenuEntry,
  MAX_COMPARED,
  MENU,
  nameComparison,
  parseRoute,
  SCREENS,
  type Route,
} from './screens';

const routes: [fragment: string, route: Route][] = [
  ['', { screen: 'run' }],
  ['#', { screen: 'run' }],
  ['#/', { screen: 'run' }],
  ['#/results', { screen: 'results' }],
  ['#/results/', { screen: 'results' }],
  ['#/results/0b5c', { screen: 'result', runId: '0b5c' }],
  ['#/results/0b5c/more', { screen: 'result', runId: '0b5c' }],
  ['#/compare/a,b', { screen: 'compare', ids: ['a', 'b'] }],
  ['#/compare/r=H4sI-_x,b', { screen: 'compare', ids: ['r=H4sI-_x', 'b'] }],
  ['#/compare', { screen: 'compare', ids: [] }],
  ['#/compare/,,', { screen: 'compare', ids: [] }],
  ['#/models', { screen: 'models', tab: 'catalog' }],
  ['#/models/hub', { screen: 'models', tab: 'hub' }],
  ['#/models/nothing', { screen: 'models', tab: 'catalog' }],
  ['#/chat', { screen: 'chat' }],
  ['#/about', { screen: 'about' }],
  ['#/sets', { screen: 'sets' }],
  ['#/sets/', { screen: 'sets' }],
  ['#/sets/my-set', { screen: 'set', setId: 'my-set' }],
  ['#set=zebra.3.en.7.100', { screen: 'sets', spec: 'zebra.3.en.7.100' }],
  ['#r=H4sI-_x', { screen: 'shared', payload: 'H4sI-_x' }],
  ['#r=', { screen: 'shared', payload: '' }],
  ['#r=a/results/b', { screen: 'shared', payload: 'a/results/b' }],
  // Junk is said to be none, rather than taken for the start.
  ['#/nowhere', { screen: 'not-found', address: '#/nowhere' }],
  ['#results', { screen: 'not-found', address: '#results' }],
  ['#/Results', { screen: 'not-found', address: '#/Results' }],
  ['#/<script>', { screen: 'not-found', address: '#/<script>' }],
  ['#/__proto__', { screen: 'not-found', address: '#/__proto__' }],
  ['#%', { screen: 'not-found', address: '#%' }],
];

describe('parseRoute', () => {
  it.each(routes)('reads %j', (fragment, route) => {
    expect(parseRoute(fragment)).toEqual(route);
  });

  it('has a screen for any fragment', () => {
    fc.assert(
      fc.property(fc.string(), (fragment) => {
        expect(SCREENS.map(({ id }) => id)).toContain(parseRoute(`#${fragment}`).screen);
      }),
    );
  });
});

describe('SCREENS', () => {
  it.each(SCREENS)('finds $id at its own address', ({ id, address }) => {
    expect(parseRoute(address).screen).toBe(id);
  });

  it('has an entry of the menu for every screen that is under one', () => {
    const entries: readonly string[] = MENU.map(({ id }) => id);
    expect(entries).toEqual(['run', 'chat', 'models', 'sets', 'matrix', 'results', 'speed', 'about']);
    for (const { menu } of SCREENS) if (menu !== undefined) expect(entries).toContain(menu);
    expect(findMenuEntry('compare')).toBe('results');
    expect(findMenuEntry('shared')).toBeUndefined();
  });
});

describe('nameComparison', () => {
  it('is read back, up to as many as fit', () => {
    const ids = Array.from({ length: MAX_COMPARED + 3 }, (_, at) => `run-${at}`);
    expect(parseRoute(nameComparison(ids))).toEqual({ screen: 'compare', ids: ids.slice(0, MAX_COMPARED) });
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
