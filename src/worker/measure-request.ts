import { FaultError } from '../domain/fault';
import { sumArtifactBytes } from '../domain/model';
import type { SettingsStore, ShardStore } from '../domain/ports';
import type { RunEnd } from '../domain/run';
import { engineRegistry } from '../engines/registry';
import { measureRoofline } from '../engines/roofline';
import { describeDevice, obtainFiles } from './open-session';
import type { SpeedEvent, SpeedRequest } from './protocol';
import { measureSpeed } from './speed';
import { listSpeedContenders, SPEED_CONTEXT_TOKENS } from './speed-contenders';

/** A measurement as the page asks for it: the model's files, then every engine. @throws FaultError */
export async function measureRequest(
  { model, artifactId, plan, modelsUrl }: SpeedRequest,
  shardStore: ShardStore,
  settingsStore: SettingsStore,
  emit: (event: SpeedEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const artifact = model.artifacts.find(({ id }) => id === artifactId);
  if (artifact === undefined) throw new FaultError({ kind: 'unsupported', detail: artifactId });
  const device = describeDevice();
  const files = await obtainFiles(artifact, modelsUrl, shardStore, emit, signal);
  emit({
    type: 'report-opened',
    report: {
      version: 1,
      startedAt: Date.now(),
      end: 'open',
      plan: plan.id,
      contextTokens: Math.min(artifact.contextTokens, SPEED_CONTEXT_TOKENS),
      model: { id: model.id, name: model.name, parameters: model.parameters },
      artifact: {
        id: artifact.id,
        quantization: artifact.quantization,
        sha256: artifact.files[0]?.sha256 ?? '',
        bytes: sumArtifactBytes(artifact),
      },
      device: { logicalCores: device.logicalCores, crossOriginIsolated: device.crossOriginIsolated },
      roofline: null,
      entries: [],
    },
  });
  return await measureSpeed(
    {
      contenders: listSpeedContenders(engineRegistry, artifact, files, device, settingsStore, emit),
      measureRoofline,
      now: () => performance.now(),
    },
    plan,
    emit,
    signal,
  );
}
