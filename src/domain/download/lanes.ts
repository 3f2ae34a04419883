import { FaultError, throwIfStopped, toFault } from '../fault';

/**
 * Works through a queue, so many items at a time. One that fails stops its neighbours at once, instead of letting them
 * fill the disk behind an error message.
 * @throws FaultError `stopped` when `signal` was aborted, else the fault that stopped the others
 */
export async function runLanes<Item>(
  laneCount: number,
  items: readonly Item[],
  work: (item: Item, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = items.values();
  const runLane = async () => {
    for (const item of queue) {
      throwIfStopped(either);
      await work(item, either);
    }
  };
  const lanes = Array.from({ length: laneCount }, () =>
    runLane().catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(lanes);
  throwIfStopped(signal);
  const faults = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [toFault(outcome.reason)] : [],
  );
  const fault = faults.find(({ kind }) => kind !== 'stopped') ?? faults[0];
  if (fault !== undefined) throw new FaultError(fault);
}
