import { toFault, type Fault } from '../../domain/fault';
import type { Result, Run } from '../../domain/run/run';
import { decodeShareLink, encodeShareLink, type SharedRun } from '../../domain/sharing/share-link';
import type { SpeedReport } from '../../domain/speed/speed';
import { decodeSpeedLink, encodeSpeedLink } from '../../domain/sharing/speed-link';

/** The link that carries a run; `shortened` when it could not hold every answer whole. */
export async function makeShareLink(
  siteUrl: string,
  run: Run,
  results: readonly Result[],
): Promise<{ readonly link: string; readonly shortened: boolean }> {
  const { payload, shortened } = await encodeShareLink(run, results);
  return { link: `${siteUrl}#r=${payload}`, shortened };
}

/** Reads a link; one that cannot be read is a fault to show, not an error to throw. */
export async function openShareLink(
  payload: string,
): Promise<{ readonly shared: SharedRun } | { readonly fault: Fault }> {
  try {
    return { shared: await decodeShareLink(payload) };
  } catch (error) {
    return { fault: toFault(error) };
  }
}

/** The link that carries a measurement of speed, all of it. */
export async function makeSpeedLink(
  siteUrl: string,
  report: SpeedReport,
): Promise<{ readonly link: string; readonly shortened: boolean }> {
  return { link: `${siteUrl}#s=${await encodeSpeedLink(report)}`, shortened: false };
}

/** Reads such a link. */
export async function openSpeedLink(
  payload: string,
): Promise<{ readonly report: SpeedReport } | { readonly fault: Fault }> {
  try {
    return { report: await decodeSpeedLink(payload) };
  } catch (error) {
    return { fault: toFault(error) };
  }
}
