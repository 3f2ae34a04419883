import * as v from 'valibot';
import { BACKENDS } from '../../domain/engine/backends';
import type { Device, Engine } from '../../domain/engine/engine';
import type { SettingsStore } from '../../domain/run/ports';
import { isSame, type Candidate, type Graphics, type PlanInput } from './plan-backends';

const candidate = {
  engineId: v.string(),
  backend: v.picklist(BACKENDS),
  /** Of the engine: what another version did counts for nothing. */
  version: v.string(),
};
const calibrationSchema = v.object({
  /** What it was measured on. */
  device: v.string(),
  speeds: v.array(v.object({ ...candidate, tokensPerSecond: v.number() })),
  failed: v.array(v.object({ ...candidate, reason: v.string() })),
});
type Stored = v.InferOutput<typeof calibrationSchema>;

/** What this device has shown with one model: remembered, so that it is measured once. */
export interface Calibration extends Pick<PlanInput, 'speeds' | 'failed'> {
  addSpeed(measured: Candidate, tokensPerSecond: number): Promise<void>;
  /** It computes wrongly. */
  addFailure(failed: Candidate, reason: string): Promise<void>;
}

const keyOf = (artifactId: string) => `calibration ${artifactId}`;

/** What is known of the artifact on this device with these engines; a store that fails only costs measuring again. */
export async function openCalibration(
  settings: SettingsStore,
  artifactId: string,
  engines: readonly Engine[],
  device: Device,
  graphics: Graphics,
): Promise<Calibration> {
  const name = graphics.kind === 'adapter' ? graphics.name : graphics.kind;
  const here = `${device.logicalCores} ${device.crossOriginIsolated ? 'shared' : 'alone'} ${name}`;
  const read = v.safeParse(calibrationSchema, await settings.get(keyOf(artifactId)).catch(() => undefined));
  const versionOf = (id: string) => engines.find((engine) => engine.id === id)?.version ?? '';
  const isCurrent = (entry: { engineId: string; version: string }) =>
    entry.version === versionOf(entry.engineId);
  let stored: Stored = { device: here, speeds: [], failed: [] };
  if (read.success && read.output.device === here) {
    stored = {
      device: here,
      speeds: read.output.speeds.filter(isCurrent),
      failed: read.output.failed.filter(isCurrent),
    };
  }
  const store = (change: Partial<Stored>) => {
    stored = { ...stored, ...change };
    return settings.set(keyOf(artifactId), stored).catch(() => undefined);
  };
  const describe = ({ engineId, backend }: Candidate) => ({
    engineId,
    backend,
    version: versionOf(engineId),
  });
  return {
    get speeds() {
      return stored.speeds;
    },
    get failed() {
      return stored.failed;
    },
    addSpeed: (measured, tokensPerSecond) =>
      store({
        speeds: [
          ...stored.speeds.filter((each) => !isSame(each, measured)),
          { ...describe(measured), tokensPerSecond },
        ],
        // What computes rightly now is trusted again.
        failed: stored.failed.filter((each) => !isSame(each, measured)),
      }),
    addFailure: (failed, reason) =>
      store({
        speeds: stored.speeds.filter((each) => !isSame(each, failed)),
        failed: [...stored.failed.filter((each) => !isSame(each, failed)), { ...describe(failed), reason }],
      }),
  };
}

/** Has the artifact measured anew when it is next used. */
export async function forgetCalibration(
  settings: SettingsStore,
  artifactId: string,
  engines: readonly Engine[],
  device: Device,
): Promise<void> {
  await settings.set(keyOf(artifactId), undefined);
  for (const engine of engines) {
    await settings.set(threadsKey(engine, artifactId, device), undefined);
    await settings.set(batchKey(engine, artifactId, device), undefined);
  }
}

/** The settings key of the thread count that was found fastest. */
export function threadsKey(engine: Engine, artifactId: string, device: Device): string {
  return nameSetting('threads', engine, artifactId, device);
}

/** The settings key of how much of a prompt at once was found fastest. */
export function batchKey(engine: Engine, artifactId: string, device: Device): string {
  return nameSetting('batch', engine, artifactId, device);
}

function nameSetting(name: string, { id, version = '' }: Engine, artifactId: string, device: Device): string {
  return [name, id, version, artifactId, device.logicalCores].join(' ');
}
