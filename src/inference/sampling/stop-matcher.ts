export interface StopMatch {
  /** Text that is certain not to belong to a stop string. */
  readonly text: string;
  /** The stop string that was met; nothing comes after it. */
  readonly stop?: string;
}

export interface StopMatcher {
  push(text: string): StopMatch;
  /** The text held back, when generation ends without a stop string. */
  flush(): string;
}

/** Length of the longest end of `text` that begins `stop` without completing it. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}

/**
 * Finds stop strings in text that comes in pieces, and holds back what may turn out to begin one. The one that is
 * complete first wins, so that the outcome does not depend on how the text is cut. Empty stop strings are ignored.
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const wanted = stops.filter((stop) => stop !== '');
  let held = '';
  let stopped = false;

  return {
    push(piece) {
      if (stopped) return { text: '' };
      const text = held + piece;
      let found: { stop: string; start: number; end: number } | undefined;
      for (const stop of wanted) {
        const start = text.indexOf(stop);
        if (start < 0) continue;
        const end = start + stop.length;
        if (!found || end < found.end || (end === found.end && start < found.start))
          found = { stop, start, end };
      }
      if (found) {
        stopped = true;
        held = '';
        return { text: text.slice(0, found.start), stop: found.stop };
      }
      const keep = wanted.reduce((most, stop) => Math.max(most, overlap(text, stop)), 0);
      held = text.slice(text.length - keep);
      return { text: text.slice(0, text.length - keep) };
    },
    flush() {
      const text = held;
      held = '';
      return text;
    },
  };
}
