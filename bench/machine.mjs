// The state of the machine that a measurement depends on.
import { cpus, freemem, loadavg, platform, release, totalmem } from 'node:os';

export function describeMachine() {
  const gibibytes = (bytes) => Number((bytes / 2 ** 30).toFixed(1));
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: gibibytes(totalmem()),
    freeGiB: gibibytes(freemem()),
    loadAverage: loadavg().map((value) => Number(value.toFixed(2))),
    system: `${platform()} ${release()}`,
    node: process.version,
  };
}
