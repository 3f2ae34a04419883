import { toFault, type Fault } from '../domain/fault';
import type { Result, Run } from '../domain/run';
import { decodeShareLink, encodeShareLink, type SharedRun } from '../domain/share-link';

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
