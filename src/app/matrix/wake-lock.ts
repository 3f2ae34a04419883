interface WakeLockHost {
  readonly navigator: { readonly wakeLock?: Pick<WakeLock, 'request'> };
  readonly document: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
}

/**
 * Keeps the screen on, and with it the device awake, until the function that it returns is called. The browser takes the
 * lock away from a page that is hidden; it is asked for again when the page comes back. A browser without one, or that says
 * no (a low battery), is no reason not to work.
 */
export function holdAwake({ navigator, document }: WakeLockHost): () => void {
  let sentinel: WakeLockSentinel | undefined;
  let over = false;
  const acquire = async (): Promise<void> => {
    if (document.visibilityState !== 'visible') return;
    const next = await navigator.wakeLock?.request('screen').catch(() => undefined);
    if (over) void next?.release();
    else sentinel = next;
  };
  const onChange = () => void acquire();
  document.addEventListener('visibilitychange', onChange);
  void acquire();
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', onChange);
    void sentinel?.release();
  };
}
