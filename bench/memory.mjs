// Memory of the browser that this process started, from /proc: Linux only.
import { readdirSync, readFileSync } from 'node:fs';

function readProcess(id) {
  try {
    const status = readFileSync(`/proc/${id}/status`, 'utf8');
    const number = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return {
      id,
      parent: number('PPid'),
      peakBytes: number('VmHWM') * 1024,
      command: readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' '),
    };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/**
 * Greatest resident memory, so far, of the page's process (the largest renderer) and of the browser's own, which holds
 * what IndexedDB is writing. Undefined where there is no /proc.
 */
export function readPeakMemory() {
  let ids;
  try {
    ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  const processes = new Map(ids.map((id) => [Number(id), readProcess(Number(id))]));
  const isOurs = (process) => {
    for (let each = process; each !== undefined; each = processes.get(each.parent)) {
      if (each.parent === globalThis.process.pid) return true;
    }
    return false;
  };
  const ours = [...processes.values()].filter((each) => each !== undefined && isOurs(each));
  const peakOf = (wanted) => Math.max(0, ...ours.filter(wanted).map(({ peakBytes }) => peakBytes));
  return {
    rendererBytes: peakOf(({ command }) => command.includes('--type=renderer')),
    browserBytes: peakOf(
      ({ command }) => command.includes('--remote-debugging') && !command.includes('--type='),
    ),
  };
}
