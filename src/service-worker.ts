/// <reference lib="webworker" />
import { cleanupOutdatedCaches, matchPrecache, precache, type PrecacheEntry } from 'workbox-precaching';

declare const self: ServiceWorkerGlobalScope & { readonly __WB_MANIFEST: (PrecacheEntry | string)[] };

/**
 * One service worker, two jobs: the app works offline, and every response carries the headers that let a page share
 * memory between threads, which a static host cannot send.
 */
const ENGINE_CACHE = 'wizardbench-engines';

precache(self.__WB_MANIFEST);
cleanupOutdatedCaches();

self.addEventListener('activate', (event) => {
  // The first page is served before there is a service worker; it is told to reload once it is claimed.
  event.waitUntil(self.clients.claim());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  event.respondWith(respond(request, url).then((response) => isolate(response, url)));
});

async function respond(request: Request, url: URL): Promise<Response> {
  const scope = new URL(self.registration.scope);
  const path = url.pathname.slice(scope.pathname.length);
  if (request.mode === 'navigate' && (path === '' || path === 'index.html')) {
    return (await matchPrecache('index.html')) ?? fetch(request);
  }
  const precached = await matchPrecache(request.url);
  if (precached !== undefined) return precached;
  if (!path.startsWith('assets/')) return fetch(request);

  // Engines: their names carry a hash, so what is cached never goes stale.
  const cache = await caches.open(ENGINE_CACHE);
  const cached = await cache.match(request.url);
  if (cached !== undefined) return cached;
  const fetched = await fetch(request);
  if (fetched.ok) await cache.put(request.url, fetched.clone());
  return fetched;
}

/** Where foreign patterns and scripts run: it may make code of text, but load and ask for nothing. */
const SANDBOX = /\/assets\/sandbox\.worker-[^/]*\.js$/;
const SANDBOX_POLICY = "default-src 'none'; script-src 'unsafe-eval'";

function isolate(response: Response, url: URL): Response {
  // Opaque and error responses cannot be rebuilt.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  if (SANDBOX.test(url.pathname)) headers.set('Content-Security-Policy', SANDBOX_POLICY);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
