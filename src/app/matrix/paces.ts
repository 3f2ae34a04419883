import { scalePace, type Pace } from '../../domain/matrix/bill';
import { findMatrixArtifact, type MatrixModel } from '../../domain/matrix/plan';
import { sumArtifactBytes } from '../../domain/model/model';
import type { RunRecord, RunSummary } from '../../domain/run/ports';
import { isMeasured, summariseSamples, type SpeedReport } from '../../domain/speed/speed';

/** How long an answer took in the newest run of each artifact; those that were never run are left out. */
export async function readPaces(
  artifactIds: readonly string[],
  /** Newest first. */
  runs: readonly RunSummary[],
  find: (runId: string) => Promise<RunRecord | undefined>,
): Promise<ReadonlyMap<string, Pace>> {
  const paces = new Map<string, Pace>();
  for (const artifactId of new Set(artifactIds)) {
    const newest = runs.find(({ run, graded }) => graded > 0 && run.setup.artifact.id === artifactId);
    const record = newest === undefined ? undefined : await find(newest.run.id);
    const times = (record?.results ?? []).flatMap((result) =>
      result.kind === 'graded' ? [result.timing.totalMs] : [],
    );
    if (times.length === 0) continue;
    paces.set(artifactId, {
      caseMs: times.reduce((sum, each) => sum + each, 0) / times.length,
      from: 'runs',
    });
  }
  return paces;
}

/** By the last measurement of speed, whichever model that was of: the fastest engine there, scaled by size. */
export function guessPace(
  entry: MatrixModel,
  report: SpeedReport | undefined,
  maxTokens: number,
): Pace | undefined {
  const artifact = findMatrixArtifact(entry);
  const bytes = artifact === undefined ? 0 : sumArtifactBytes(artifact);
  if (report === undefined || bytes === 0) return undefined;
  const paces = report.entries.filter(isMeasured).map((measured) =>
    scalePace(
      {
        bytes: report.artifact.bytes,
        prefillTokensPerSecond: summariseSamples(measured.prefillTokensPerSecond).median,
        decodeTokensPerSecond: summariseSamples(measured.decodeTokensPerSecond).median,
      },
      bytes,
      maxTokens,
    ),
  );
  return paces.toSorted((a, b) => a.caseMs - b.caseMs)[0];
}
