import { throwIfStopped, toFault, type Fault } from '../fault';

/** A host that asks for a longer wait is not waited for. */
const LONGEST_RETRY_AFTER_SECONDS = 60;

/**
 * Milliseconds before the second try, the third and so on; after the last of them the fault stands. A connection that
 * brought something is worth all of them again.
 */
const PAUSES_MS: readonly number[] = [500, 2_000, 5_000, 10_000];

/** Tries until it works, the fault will not pass, or the pauses are used up. @throws FaultError the last fault, or `stopped` */
export async function withRetries<T>(
  work: () => Promise<T>,
  pause: (milliseconds: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      throwIfStopped(signal);
      const pauseMs = choosePause(toFault(error), attempt);
      if (pauseMs === undefined) throw error;
      await pause(pauseMs, signal);
    }
  }
}

/** In milliseconds, at least what the host asks for. @returns undefined when it is not worth another try */
export function choosePause(fault: Fault, attempt: number): number | undefined {
  const pauseMs = PAUSES_MS[attempt];
  if (pauseMs === undefined || !isPassing(fault)) return undefined;
  const retryAfterSeconds = fault.kind === 'download' ? (fault.retryAfterSeconds ?? 0) : 0;
  return retryAfterSeconds > LONGEST_RETRY_AFTER_SECONDS
    ? undefined
    : Math.max(pauseMs, retryAfterSeconds * 1_000);
}

function isPassing(fault: Fault): boolean {
  if (fault.kind !== 'download') return false;
  const { status } = fault;
  // No status: the connection was cut, or nothing arrived for too long. Other 4xx will not change by asking again.
  return status === undefined || status >= 500 || status === 429 || status === 408;
}
