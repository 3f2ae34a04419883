/**
 * Registers the service worker that makes the page cross-origin isolated on hosts that send no headers, and reloads
 * once when it has taken over. A reload that did not help is not tried again: the engine then runs on one thread.
 */
export async function ensureIsolation(isBusy: () => boolean): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const reloadOnce = () => {
    if (window.crossOriginIsolated || isBusy() || sessionStorage.getItem(RELOADED) !== null) return;
    sessionStorage.setItem(RELOADED, '1');
    window.location.reload();
  };
  navigator.serviceWorker.addEventListener('controllerchange', reloadOnce);
  try {
    await navigator.serviceWorker.register('./service-worker.js', { scope: './' });
    // A forced reload leaves a page without its service worker; a plain one brings it back.
    if (navigator.serviceWorker.controller !== null) reloadOnce();
  } catch {
    // Private modes and plain http forbid service workers: everything works, on one thread and online.
  }
}

const RELOADED = 'isolation-reload';
