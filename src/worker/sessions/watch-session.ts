import type { CompletionEnd, CompletionInput, Session, Token } from '../../domain/engine/engine';
import { FaultError } from '../../domain/fault';
import { foreignPrompt, promptText } from '../../domain/prompt/pieces';

/** Time as the watch sees it. */
export interface WatchClock {
  /** Milliseconds from any fixed moment, never going back. */
  readonly now: () => number;
  readonly wait: (milliseconds: number) => { readonly over: Promise<void>; readonly cancel: () => void };
}

/** The first token also waits for shaders to be compiled, and for the prompt: at 2.5 tokens/s of 4 characters. */
const FIRST_TOKEN_MS = 60_000;
const PROMPT_CHARACTER_MS = 100;
const IMAGE_MS = 120_000;
const LEAST_MS = 30_000;
/** A device that is that much slower than it ever was does not compute any more. */
const TIMES_SLOWEST = 20;
const MOST_MS = 600_000;
/** Waiting is counted in pieces: a computer that sleeps for an hour has let pass one of them. */
const PIECE_MS = 5_000;

const deviceClock: WatchClock = {
  now: () => performance.now(),
  wait(milliseconds) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    return { over, cancel: () => clearTimeout(timer) };
  },
};

/**
 * A session on a graphics device that counts as lost (`device-lost`) when it gives no token for very long: some drivers
 * hang without a word. From then on it is asked nothing more, and closing it waits for nothing.
 */
export function watchSession(session: Session, clock: WatchClock = deviceClock): Session {
  const score = session.score?.bind(session);
  let slowestMs = 0;
  let lost: FaultError | undefined;
  const isLost = () => lost !== undefined;
  const refuseLost = () => {
    if (lost !== undefined) throw lost;
  };

  async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
    for (let waited = 0; waited < milliseconds; waited += PIECE_MS) {
      const { over, cancel } = clock.wait(PIECE_MS);
      try {
        const first = await Promise.race([work.then((value) => ({ value })), over]);
        if (first !== undefined) return first.value;
      } finally {
        cancel();
      }
    }
    // It may fail yet, when its device is taken away.
    work.catch(() => undefined);
    const detail = `nothing came for ${Math.round(milliseconds / 1_000)} s`;
    lost = new FaultError({ kind: 'device-lost', detail });
    throw lost;
  }

  async function* complete(
    ...[input, sampling, signal]: Parameters<Session['complete']>
  ): AsyncGenerator<Token, CompletionEnd, void> {
    refuseLost();
    const answer: AsyncIterator<Token, CompletionEnd, void> = session.complete(input, sampling, signal);
    try {
      for (let count = 0; ; count++) {
        const startedAt = clock.now();
        const patienceMs =
          count === 0
            ? boundFirstToken(input)
            : Math.min(MOST_MS, Math.max(LEAST_MS, TIMES_SLOWEST * slowestMs));
        const next = await within(patienceMs, answer.next());
        if (next.done === true) return next.value;
        if (count > 0) slowestMs = Math.max(slowestMs, clock.now() - startedAt);
        yield next.value;
      }
    } finally {
      // One that hangs would hang here too.
      if (!isLost()) await answer.return?.();
    }
  }

  return {
    ...session,
    get info() {
      return session.info;
    },
    complete,
    ...(score !== undefined && {
      async score(prompt, continuations, signal) {
        refuseLost();
        const texts = continuations.map((each) => ({ prompt: [...prompt, ...foreignPrompt(each)] }));
        const patienceMs = texts.reduce((sum, text) => sum + boundFirstToken(text), FIRST_TOKEN_MS);
        return within(patienceMs, score(prompt, continuations, signal));
      },
    }),
    async close() {
      const closing = session.close();
      if (!isLost()) await closing;
      else closing.catch(() => undefined);
    },
  };
}

function boundFirstToken({ prompt, images = [] }: Pick<CompletionInput, 'prompt' | 'images'>): number {
  return FIRST_TOKEN_MS + promptText(prompt).length * PROMPT_CHARACTER_MS + images.length * IMAGE_MS;
}
