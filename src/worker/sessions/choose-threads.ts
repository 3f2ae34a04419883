import type { Session } from '../../domain/engine/engine';
import { templatePrompt } from '../../domain/prompt/pieces';
import type { SettingsStore } from '../../domain/run/ports';

/** More threads than this help no engine we know, and cost memory each. */
const MAX_THREADS = 16;

/** Enough text that prefill counts, as it does with test cases; never seen by a person. */
const SAMPLE_PROMPT =
  'Four friends sit in a row. The painter sits left of the baker, the doctor sits at the right end. Who sits where?';
const SAMPLE_TOKENS = 6;

/**
 * The thread counts worth measuring, fewest first. Half the logical cores is the number of real ones on most machines,
 * and one is best where something else keeps the machine busy.
 */
export function listThreadCandidates(logicalCores: number, canShareMemory: boolean): readonly number[] {
  if (!canShareMemory) return [1];
  const all = Math.min(MAX_THREADS, Math.max(1, logicalCores));
  return [...new Set([1, Math.ceil(all / 2), all])].slice(all > 4 ? 1 : 0);
}

/**
 * Opens a session with the thread count that a short measurement on this device finds fastest, and remembers it.
 * @param key what the count depends on: engine, artifact, cores
 */
export async function openWithBestThreads(
  key: string,
  candidates: readonly number[],
  settings: SettingsStore,
  open: (threads: number) => Promise<Session>,
  onMeasure: () => void,
  signal: AbortSignal,
): Promise<Session> {
  // A store that fails only costs the measurement.
  const remembered = await settings.get(key).catch(() => undefined);
  if (typeof remembered === 'number' && candidates.includes(remembered)) return open(remembered);
  const [only] = candidates;
  if (candidates.length === 1 && only !== undefined) return open(only);

  onMeasure();
  let best: { threads: number; milliseconds: number } | undefined;
  let session: Session | undefined;
  for (const threads of candidates) {
    await session?.close();
    session = await open(threads);
    const milliseconds = await measure(session, signal);
    if (best === undefined || milliseconds < best.milliseconds) best = { threads, milliseconds };
  }
  if (session === undefined || best === undefined) throw new RangeError('no thread count to choose from');
  await settings.set(key, best.threads).catch(() => undefined);
  if (session.info.threads === best.threads) return session;
  await session.close();
  return open(best.threads);
}

/** Milliseconds for a short prompt and a short answer, as the engine itself measures them. Closes a session that fails. */
async function measure(session: Session, signal: AbortSignal): Promise<number> {
  const tokens = session.complete(
    { prompt: templatePrompt(SAMPLE_PROMPT), stop: [] },
    { temperature: 0, topP: 1, topK: 0, seed: 0, maxTokens: SAMPLE_TOKENS },
    signal,
  );
  try {
    for (;;) {
      const next = await tokens.next();
      if (next.done === true) return next.value.prefillMs + next.value.decodeMs;
    }
  } catch (error) {
    // Nobody else knows of it, and it holds the whole model.
    await session.close();
    throw error;
  }
}
