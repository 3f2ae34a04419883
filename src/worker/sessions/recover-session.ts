import { BACKEND_FACTS } from '../../domain/engine/backends';
import type { Session, SessionInfo, SetAside } from '../../domain/engine/engine';
import type { Fault } from '../../domain/fault';
import type { EngineSwitch } from '../../domain/run/run';
import { describeFault, mayTryNext } from './open-best';

interface RecoveryPorts {
  /** Closes what broke and opens the best of what is left. @throws FaultError */
  readonly reopen: (setAside: readonly SetAside[]) => Promise<Session>;
  /** Resolves when the switch is safe on disk. */
  readonly record: (change: EngineSwitch) => Promise<void>;
}

/** Replaces a session whose graphics device breaks in the middle of a run; a fault on the CPU is the case's own. */
export function createRecovery(
  first: Session,
  ports: RecoveryPorts,
): (fault: Fault, caseId: string) => Promise<Session | undefined> {
  let session = first;
  const broken: SetAside[] = [];
  return async (fault, caseId) => {
    const from = session.info;
    if (!BACKEND_FACTS[from.backend].isSelfTested || !mayTryNext(fault, from.backend)) return undefined;
    broken.push(describeFault(from, fault));
    session = await ports.reopen(broken);
    await ports.record(describeSwitch(caseId, from, session.info, fault));
    return session;
  };
}

/** The switch that continuing a run has made, where what ran it before cannot any more. */
export function findSwitch(
  before: SessionInfo | undefined,
  now: SessionInfo,
  caseId: string | undefined,
): EngineSwitch | undefined {
  if (before === undefined || caseId === undefined) return undefined;
  if (before.engineId === now.engineId && before.backend === now.backend) return undefined;
  const { reason = '', code = '' } = now.insteadOf?.[0] ?? {};
  return describeSwitch(caseId, before, now, { kind: 'unsupported', detail: reason || code });
}

function describeSwitch(caseId: string, from: SessionInfo, to: SessionInfo, fault: Fault): EngineSwitch {
  return { caseId, from: nameRunner(from), to: nameRunner(to), fault };
}

function nameRunner({ engineId, engineVersion, backend, threads }: SessionInfo): EngineSwitch['from'] {
  return { engineId, engineVersion, backend, threads };
}
