/** Frames until what a change shows is on the screen: one draws it, the other begins after that. */
const FRAMES = 2;
/** A page that nobody sees gets no frames. */
const LONGEST_MS = 100;

/** Resolves when what the page shows now has been drawn, or soon after where nothing is drawn. */
export function awaitPaint(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LONGEST_MS);
    const next = (left: number): void => {
      if (left > 0) requestAnimationFrame(() => next(left - 1));
      else {
        clearTimeout(timer);
        resolve();
      }
    };
    next(FRAMES);
  });
}
