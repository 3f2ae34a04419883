/** What the tab shows of a run: how far it is, or that it is over. */
export type RunSignal = { readonly kind: 'running'; readonly fraction: number } | { readonly kind: 'done' };

const RADIUS = 13;

/** An icon for the tab, as an address of data: a ring that fills, or a full one with a tick. @param fraction 0 to 1 */
export function drawFavicon(signal: RunSignal): string {
  const length = 2 * Math.PI * RADIUS;
  const done = signal.kind === 'done';
  const fraction = done ? 1 : Math.min(1, Math.max(0, signal.fraction));
  const ring =
    `<circle cx="16" cy="16" r="${RADIUS}" fill="${done ? '#17693b' : '#fffdf8'}" stroke="#d9d2c2" stroke-width="5"/>` +
    `<circle cx="16" cy="16" r="${RADIUS}" fill="none" stroke="${done ? '#17693b' : '#4a2fa3'}" stroke-width="5" ` +
    `stroke-dasharray="${(fraction * length).toFixed(1)} ${length.toFixed(1)}" transform="rotate(-90 16 16)"/>`;
  const tick = '<path d="M9 17l5 5 9-11" fill="none" stroke="#fff" stroke-width="4"/>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${ring}${done ? tick : ''}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
