import { FaultError, toFault } from '../domain/fault';
import type { SpeedRoofline } from '../domain/speed/speed';

/** The device's limits for our own engine's instructions. @throws FaultError `engine` or `stopped` */
export async function measureRoofline(signal: AbortSignal): Promise<SpeedRoofline> {
  const library = await import('../inference/index');
  try {
    // Field by field: a report is read strictly, and one that has more than its schema would be lost.
    const { threads, readBytesPerSecond, dotOpsPerSecond, build, dotMode, kernel, oneThread } =
      await library.measureRoofline({}, signal);
    return { threads, readBytesPerSecond, dotOpsPerSecond, build, dotMode, kernel, oneThread };
  } catch (error) {
    throw new FaultError(toFault(error), { cause: error });
  }
}
