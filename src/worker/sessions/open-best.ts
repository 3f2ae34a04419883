import { BACKEND_FACTS, type Backend, type BackendChoice } from '../../domain/engine/backends';
import type { Engine, Session, SetAside, SetAsideCode } from '../../domain/engine/engine';
import { SET_ASIDE_CODES } from '../../domain/engine/engine';
import { FaultError, toFault, type Fault } from '../../domain/fault';
import type { SettingsStore } from '../../domain/run/ports';
import type { Calibration } from './calibration';
import { isSame, planBackends, type Candidate, type Graphics } from './plan-backends';
import {
  compareProbes,
  REFERENCE_ALTERNATIVES,
  readReference,
  referenceKey,
  runProbe,
  type Probe,
} from './self-test';

export interface Wish {
  readonly engineId?: string;
  readonly backend: BackendChoice;
  /** What has failed already in this run, and is not tried again. */
  readonly setAside: readonly SetAside[];
}

interface OpenBestPorts {
  /** Those that support the artifact, in order of preference. */
  readonly engines: readonly Engine[];
  readonly graphics: Graphics;
  readonly calibration: Calibration;
  /** For the references of the self-test. */
  readonly settings: SettingsStore;
  /** Tells one artifact's weights from every other's. */
  readonly fileHash: string;
  readonly open: (engine: Engine, backend: Backend, signal: AbortSignal) => Promise<Session>;
  /** The next opening or self-test begins. */
  readonly onPhase: (phase: 'loading' | 'testing') => void;
  readonly now: () => number;
}

/**
 * Opens the best way to run a model on this device: by measured speed, the GPU only when it computes like the CPU.
 * What comes before the one that runs, and could not, is in its `info.insteadOf`.
 * @throws FaultError `unsupported` when nothing can run it; `stopped`; what a CPU engine fails with
 */
export async function openBest(wish: Wish, ports: OpenBestPorts, signal: AbortSignal): Promise<Session> {
  const { calibration, engines } = ports;
  const plan = planBackends({ ...wish, ...ports, speeds: calibration.speeds, failed: calibration.failed });
  const insteadOf: SetAside[] = [...wish.setAside, ...plan.setAside];
  const candidates = plan.candidates.filter(
    (candidate) =>
      !wish.setAside.some(({ engineId, backend = 'wasm' }) => isSame(candidate, { engineId, backend })),
  );
  // Not only of the chosen engine: any CPU engine knows what is right.
  const cpu = planBackends({ ...ports, backend: 'wasm', speeds: calibration.speeds, failed: [] }).candidates;

  for (const candidate of candidates) {
    const engine = engines.find(({ id }) => id === candidate.engineId);
    if (engine === undefined) continue;
    const tested = BACKEND_FACTS[candidate.backend].isSelfTested;
    try {
      const reference = tested ? await findReference(wish, cpu, ports, signal) : undefined;
      ports.onPhase('loading');
      const session = await ports.open(engine, candidate.backend, signal);
      if (!tested) return withInsteadOf(session, insteadOf);
      const failure = await testSession(session, candidate, reference, ports, signal);
      if (failure !== undefined) {
        insteadOf.push({ ...candidate, code: 'self-test', reason: failure });
        continue;
      }
      if (wish.backend === candidate.backend || !isSlower(candidate, candidates, calibration)) {
        return withInsteadOf(session, insteadOf);
      }
      await session.close();
    } catch (error) {
      const fault = toFault(error);
      if (fault.kind === 'stopped' || !mayTryNext(fault, candidate.backend)) throw error;
      insteadOf.push(describeFault(candidate, fault));
    }
  }
  const detail = insteadOf.map(({ engineId, reason, code }) => `${engineId}: ${reason || (code ?? '')}`);
  throw new FaultError({ kind: 'unsupported', detail: detail.join('; ') });
}

/** A fault as the reason why something did not run. */
export function describeFault(candidate: Candidate, fault: Fault): SetAside {
  const { engineId, backend } = candidate;
  const code = SET_ASIDE_CODES.find((each): each is SetAsideCode => each === fault.kind);
  return {
    engineId,
    backend,
    ...(code !== undefined && { code }),
    reason: 'detail' in fault ? fault.detail : fault.kind,
  };
}

/**
 * What one engine does not handle or cannot hold, another may; and a graphics device that breaks says nothing about
 * the CPU.
 */
export function mayTryNext(fault: Fault, backend: Backend): boolean {
  if (fault.kind === 'unsupported' || fault.kind === 'out-of-memory') return true;
  return BACKEND_FACTS[backend].isSelfTested && (fault.kind === 'device-lost' || fault.kind === 'engine');
}

/** Runs the self-test and closes the session if it fails. @returns why it failed @throws FaultError, with the session closed */
async function testSession(
  session: Session,
  candidate: Candidate,
  reference: Probe | undefined,
  ports: OpenBestPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  let keep = false;
  try {
    ports.onPhase('testing');
    const probe = await runProbe(session, ports.now, signal);
    // Without a CPU engine for this format, or memory for one, there is nothing to compare with.
    const verdict = compareProbes(reference?.tokens ?? probe.tokens, probe.tokens);
    if (!verdict.ok) {
      await ports.calibration.addFailure(candidate, verdict.reason);
      return verdict.reason;
    }
    await ports.calibration.addSpeed(candidate, probe.tokensPerSecond);
    keep = true;
    return undefined;
  } finally {
    // Nobody else knows of it, and it holds the whole model. One that hangs must not hold up the next.
    if (!keep) void session.close().catch(() => undefined);
  }
}

/** The CPU's answer to the self-test, stored or computed now; a computation also measures the CPU's speed. */
async function findReference(
  wish: Wish,
  cpu: readonly Candidate[],
  ports: OpenBestPorts,
  signal: AbortSignal,
): Promise<Probe | undefined> {
  const key = referenceKey(ports.fileHash);
  const stored = readReference(await ports.settings.get(key).catch(() => undefined));
  const speedIsKnown = cpu.some((each) => ports.calibration.speeds.some((speed) => isSame(speed, each)));
  if (stored !== undefined && (wish.backend !== 'auto' || speedIsKnown)) return stored;
  for (const candidate of cpu) {
    const engine = ports.engines.find(({ id }) => id === candidate.engineId);
    if (engine === undefined) continue;
    let session: Session | undefined;
    try {
      ports.onPhase('loading');
      session = await ports.open(engine, candidate.backend, signal);
      ports.onPhase('testing');
      const probe = await runProbe(session, ports.now, signal, REFERENCE_ALTERNATIVES);
      await ports.calibration.addSpeed(candidate, probe.tokensPerSecond);
      await ports.settings.set(key, probe).catch(() => undefined);
      return probe;
    } catch (error) {
      if (toFault(error).kind === 'stopped') throw error;
    } finally {
      await session?.close();
    }
  }
  return stored;
}

/** Whether one of the other candidates is known to be faster. */
function isSlower(candidate: Candidate, candidates: readonly Candidate[], { speeds }: Calibration): boolean {
  const rate = (each: Candidate) => speeds.find((speed) => isSame(speed, each))?.tokensPerSecond ?? 0;
  return candidates.some(
    (other) => !BACKEND_FACTS[other.backend].isSelfTested && rate(other) > rate(candidate),
  );
}

function withInsteadOf(session: Session, insteadOf: readonly SetAside[]): Session {
  if (insteadOf.length === 0) return session;
  return {
    ...session,
    // Read anew each time: some engines go on adapting their threads.
    get info() {
      return { ...session.info, insteadOf };
    },
  };
}
