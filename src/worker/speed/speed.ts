import type { Backend } from '../../domain/engine/backends';
import type { Session } from '../../domain/engine/engine';
import { FaultError, throwIfStopped, toFault } from '../../domain/fault';
import { templatePrompt } from '../../domain/prompt/pieces';
import type { RunEnd } from '../../domain/run/run';
import type {
  MeasuredSpeed,
  SpeedEntry,
  SpeedPlan,
  SpeedRoofline,
  UnavailableSpeed,
} from '../../domain/speed/speed';
import { makeSpeedPrompt } from '../../domain/speed/speed-prompt';
import type { SpeedEvent } from '../protocol';

/** Enough to have the code for writing compiled as well as that for reading. */
const WARM_UP_TOKENS = 4;

/** An engine on a backend, to be measured. */
export interface SpeedContender {
  readonly engineId: string;
  readonly engineLabel: string;
  readonly backend: Backend;
  /** Whether it can run here at all, found out when its turn comes. */
  check(): Promise<{ readonly adapter?: string } | { readonly unavailable: UnavailableSpeed['unavailable'] }>;
  /** @returns the session and how long opening took, without the search for a thread count */
  open(signal: AbortSignal): Promise<{ readonly session: Session; readonly loadMs: number }>;
}

export interface SpeedPorts {
  readonly contenders: readonly SpeedContender[];
  readonly measureRoofline: (signal: AbortSignal) => Promise<SpeedRoofline>;
  /** Milliseconds. */
  readonly now: () => number;
}

/**
 * Measures the roofline and then each contender in turn, one open at a time. What fails is an entry that says why;
 * the others are still measured.
 * @throws FaultError `stopped`
 */
export async function measureSpeed(
  ports: SpeedPorts,
  plan: SpeedPlan,
  emit: (event: SpeedEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  emit({ type: 'phase', phase: 'roofline' });
  const roofline = await ports.measureRoofline(signal).catch(() => undefined);
  throwIfStopped(signal);
  if (roofline !== undefined) emit({ type: 'roofline', roofline });
  for (const [index, contender] of ports.contenders.entries()) {
    const { engineId, engineLabel, backend } = contender;
    emit({
      type: 'contender',
      engineId,
      engineLabel,
      backend,
      number: index + 1,
      total: ports.contenders.length,
    });
    emit({ type: 'entry', entry: await measureContender(contender, ports, plan, emit, signal) });
  }
  return { kind: 'finished' };
}

async function measureContender(
  contender: SpeedContender,
  ports: SpeedPorts,
  plan: SpeedPlan,
  emit: (event: SpeedEvent) => void,
  signal: AbortSignal,
): Promise<SpeedEntry> {
  const { engineId, engineLabel, backend } = contender;
  try {
    const checked = await contender.check();
    throwIfStopped(signal);
    if ('unavailable' in checked) return { engineId, engineLabel, backend, unavailable: checked.unavailable };
    emit({ type: 'phase', phase: 'loading' });
    const { session, loadMs } = await contender.open(signal);
    try {
      const samples = await measureSession(session, plan, ports.now, emit, signal);
      const { engineVersion, threads } = session.info;
      return {
        engineId,
        engineLabel,
        backend,
        engineVersion: engineVersion.slice(0, 120),
        threads,
        ...(checked.adapter !== undefined && { adapter: checked.adapter.slice(0, 120) }),
        loadMs: round(loadMs),
        ...samples,
      };
    } finally {
      await session.close();
    }
  } catch (error) {
    throwIfStopped(signal);
    const fault = toFault(error);
    if (fault.kind === 'stopped') throw error;
    const detail = 'detail' in fault ? fault.detail.slice(0, 400) : fault.kind;
    return {
      engineId,
      engineLabel,
      backend,
      unavailable: { code: fault.kind === 'unsupported' ? 'unsupported' : 'failed', detail },
    };
  }
}

type Samples = Pick<
  MeasuredSpeed,
  'promptTokens' | 'answerTokens' | 'firstTokenMs' | 'prefillTokensPerSecond' | 'decodeTokensPerSecond'
>;

interface Repetition {
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly firstTokenMs: number;
  readonly decodeMs: number;
}

/**
 * One repetition to warm up, which is not counted, then timed ones until there are enough or the time is over. Times
 * are those of one clock outside the engines, from asking to the first token and from there to the last, so that no
 * engine is taken at its own word.
 * @throws FaultError `engine` when it writes too little to time; whatever the session throws
 */
export async function measureSession(
  session: Session,
  plan: SpeedPlan,
  now: () => number,
  emit: (event: SpeedEvent) => void,
  signal: AbortSignal,
): Promise<Samples> {
  emit({ type: 'phase', phase: 'warming-up' });
  await repeat(session, plan.promptSentences, 0, WARM_UP_TOKENS, now, signal);
  emit({ type: 'phase', phase: 'timing' });
  const startedAt = now();
  const done: Repetition[] = [];
  do {
    emit({ type: 'repetition', number: done.length + 1, total: plan.repetitions });
    done.push(await repeat(session, plan.promptSentences, done.length + 1, plan.answerTokens, now, signal));
  } while (done.length < plan.repetitions && now() - startedAt < plan.budgetMs);
  const last = done.at(-1);
  return {
    promptTokens: last?.promptTokens ?? 0,
    answerTokens: last?.answerTokens ?? 0,
    firstTokenMs: done.map((each) => round(each.firstTokenMs)),
    prefillTokensPerSecond: done.map((each) => round((each.promptTokens / each.firstTokenMs) * 1000)),
    // The first token belongs to reading.
    decodeTokensPerSecond: done.map((each) => round(((each.answerTokens - 1) / each.decodeMs) * 1000)),
  };
}

async function repeat(
  session: Session,
  promptSentences: number,
  repetition: number,
  maxTokens: number,
  now: () => number,
  signal: AbortSignal,
): Promise<Repetition> {
  throwIfStopped(signal);
  const prompt = makeSpeedPrompt(promptSentences, repetition);
  const startedAt = now();
  let firstAt: number | undefined;
  let lastAt = startedAt;
  const tokens = session.complete(
    { prompt: templatePrompt(prompt), stop: [] },
    { temperature: 0, topP: 1, topK: 0, seed: 0, maxTokens },
    signal,
  );
  for (;;) {
    const next = await tokens.next();
    if (next.done === true) {
      const { promptTokens, cachedTokens, answerTokens } = next.value;
      if (firstAt === undefined || answerTokens < 2 || !(lastAt > firstAt) || !(firstAt > startedAt)) {
        throw new FaultError({ kind: 'engine', detail: `it wrote ${answerTokens} tokens, too few to time` });
      }
      return {
        promptTokens: promptTokens - cachedTokens,
        answerTokens,
        firstTokenMs: firstAt - startedAt,
        decodeMs: lastAt - firstAt,
      };
    }
    lastAt = now();
    firstAt ??= lastAt;
  }
}

/** Two digits after the point: what the page and a link show is then the same number. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
