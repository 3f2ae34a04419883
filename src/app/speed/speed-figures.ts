import {
  computeSpeedFigures,
  isMeasured,
  type SpeedFigures,
  type SpeedReport,
  type UnavailableSpeed,
} from '../../domain/speed/speed';

/** A report as it is read: what was measured, and what was not and why. */
export function readSpeed(report: SpeedReport): {
  readonly figures: readonly SpeedFigures[];
  readonly missing: readonly UnavailableSpeed[];
} {
  return {
    figures: computeSpeedFigures(report),
    missing: report.entries.flatMap((entry) => (isMeasured(entry) ? [] : [entry])),
  };
}
