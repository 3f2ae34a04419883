import { FaultError } from '../../domain/fault';

/** Time, room and locks, as every transfer needs them. */
export const devicePorts = {
  now: () => Date.now(),
  reserve: reserveSpace,
  pause: (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveUp = () => {
        clearTimeout(timer);
        reject(new FaultError({ kind: 'stopped' }));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      }, milliseconds);
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    }),
  /** One holder in all tabs; a tab that is closed lets go. */
  runExclusively: <T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> =>
    navigator.locks.request(name, { signal }, work),
};

async function reserveSpace(neededBytes: number): Promise<void> {
  if (neededBytes === 0) return;
  const { quota, usage } = await navigator.storage.estimate();
  if (quota === undefined) return;
  const freeBytes = Math.max(0, quota - (usage ?? 0));
  if (freeBytes < neededBytes) throw new FaultError({ kind: 'quota', neededBytes, freeBytes });
}
