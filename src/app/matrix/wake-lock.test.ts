import { describe, expect, it } from 'vitest';
import { holdAwake } from './wake-lock';

/** A browser with one lock, which it takes away from a page that is hidden. */
function makeHost(refuses = false) {
  const listeners = new Set<() => void>();
  const state = { held: 0, visible: true };
  const sentinel = {
    release: () => {
      state.held--;
      return Promise.resolve();
    },
  } as unknown as WakeLockSentinel;
  const host = {
    navigator: {
      wakeLock: {
        request: () => {
          if (refuses) return Promise.reject(new Error('battery'));
          state.held++;
          return Promise.resolve(sentinel);
        },
      },
    },
    document: {
      get visibilityState() {
        return state.visible ? ('visible' as const) : ('hidden' as const);
      },
      addEventListener: (_type: string, listener: unknown) => {
        listeners.add(listener as () => void);
      },
      removeEventListener: (_type: string, listener: unknown) => {
        listeners.delete(listener as () => void);
      },
    },
  };
  const show = (visible: boolean) => {
    state.visible = visible;
    if (!visible) state.held = 0;
    for (const listener of listeners) listener();
    return Promise.resolve();
  };
  return { host, state, show, listeners };
}

const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

describe('holdAwake', () => {
  it('holds a lock until it is let go, and takes it again when the page comes back', async () => {
    const { host, state, show, listeners } = makeHost();
    const letSleep = holdAwake(host);
    await settle();
    expect(state.held).toBe(1);
    await show(false);
    await settle();
    expect(state.held).toBe(0);
    await show(true);
    await settle();
    expect(state.held).toBe(1);
    letSleep();
    await settle();
    expect([state.held, listeners.size]).toEqual([0, 0]);
  });

  it('lets go of a lock that comes too late', async () => {
    const { host, state } = makeHost();
    holdAwake(host)();
    await settle();
    expect(state.held).toBe(0);
  });

  it('does without one', async () => {
    const { host, state } = makeHost(true);
    holdAwake(host)();
    holdAwake({ ...host, navigator: {} })();
    await settle();
    expect(state.held).toBe(0);
  });
});
