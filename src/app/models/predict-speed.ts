import { sumArtifactBytes, type Artifact } from '../../domain/model/model';
import { computeSpeedFigures, type SpeedReport } from '../../domain/speed/speed';
import { findBackendFacts } from '../backend-facts';

/** What is left of the roof in practice, where no engine of this device was measured. */
const USUAL_SHARE = 0.6;

/**
 * Tokens per second that a GGUF will be written at on this device's processor. Writing a token reads every weight once,
 * so it is the bandwidth that the best engine reached here, over the size of the weights; never above what the memory
 * itself can do, as a small measured model may lie in the caches.
 * @returns undefined without a measurement, or for weights of another kind
 */
export function predictSpeed(artifact: Artifact, report: SpeedReport | undefined): number | undefined {
  const bytes = artifact.mergedBytes ?? sumArtifactBytes(artifact);
  if (report === undefined || artifact.format !== 'gguf' || bytes === 0) return undefined;
  const roof = report.roofline?.readBytesPerSecond;
  const rates = computeSpeedFigures(report)
    .filter(({ entry }) => findBackendFacts(entry.backend).computesOn === 'processor')
    .map(({ decode }) => decode.median * report.artifact.bytes);
  const reached = rates.length > 0 ? Math.max(...rates) : (roof ?? 0) * USUAL_SHARE;
  const bandwidth = roof === undefined ? reached : Math.min(reached, roof);
  return bandwidth > 0 ? bandwidth / bytes : undefined;
}
