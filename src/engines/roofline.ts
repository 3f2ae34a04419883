import { FaultError, toFault } from '../domain/fault';
import type { SpeedRoofline } from '../domain/speed/speed';

/** The device's limits for our own engine's instructions. @throws FaultError `engine` or `stopped` */
export async function measureRoofline(signal: AbortSignal): Promise<SpeedRoofline> {
  const library = await import('../inference/index');
  try {
    return await library.measureRoofline({}, signal);
  } catch (error) {
    throw new FaultError(toFault(error), { cause: error });
  }
}
