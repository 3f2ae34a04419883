import { toFault, type Fault } from '../domain/fault';

/** What a screen says of a thrown value. */
export function findFault(error: unknown): Fault {
  return toFault(error);
}
