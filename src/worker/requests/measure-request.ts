import type { RunEnd } from '../../domain/run/run';
import { engineRegistry } from '../../engines/registry';
import { measureRoofline } from '../../engines/roofline';
import { obtainFiles, type FileStores } from '../files/obtain-files';
import { describeDevice } from '../sessions/open-session';
import { findArtifact } from '../sessions/session-keeper';
import type { SpeedEvent, SpeedRequest } from '../protocol';
import { measureSpeed } from '../speed/speed';
import { listSpeedContenders, SPEED_CONTEXT_TOKENS } from '../speed/speed-contenders';

/** A measurement as the page asks for it: the model's files, then every engine. @throws FaultError */
export async function measureRequest(
  request: SpeedRequest,
  stores: FileStores,
  emit: (event: SpeedEvent) => void,
  signal: AbortSignal,
): Promise<RunEnd> {
  const { model, plan } = request;
  const artifact = findArtifact(request);
  const device = describeDevice();
  const files = await obtainFiles(artifact, request, stores, emit, signal);
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
        sha256: files[0]?.sha256 ?? '',
        bytes: files.reduce((sum, { blob }) => sum + blob.size, 0),
      },
      device: { logicalCores: device.logicalCores, crossOriginIsolated: device.crossOriginIsolated },
      roofline: null,
      entries: [],
    },
  });
  return await measureSpeed(
    {
      contenders: listSpeedContenders(engineRegistry, artifact, files, device, stores.settings, emit),
      measureRoofline,
      now: () => performance.now(),
    },
    plan,
    emit,
    signal,
  );
}
