import { badInput, FaultError } from '../../domain/fault';
import { HUB_URL } from '../../domain/model/hub';
import { checkMlcConfig, findMlcPlace, makeMlcUrl, type MlcWeights } from '../../domain/model/mlc-weights';
import { listRepo } from './hub';
import type { MlcRequest } from '../protocol';
import { describeUrl, readUrlRange } from './url-ports';

const CONFIG = 'mlc-chat-config.json';
const MOST_CONFIG_BYTES = 1_000_000;

/**
 * Whether weights that a person names are there, and are what the row's compiled library takes.
 * @throws FaultError `bad-input` (`what` is 'MLC weights'), `download`
 */
export async function findMlcWeights(
  { model, artifact, reference, hubUrl = HUB_URL }: MlcRequest,
  signal: AbortSignal,
): Promise<MlcWeights> {
  const repo = findMlcPlace(reference, hubUrl);
  const isOnHub = !repo.startsWith('https://');
  const url = makeMlcUrl(repo, hubUrl) + CONFIG;
  const { bytes } = await describeUrl(url, signal).catch((error: unknown) => {
    const missing =
      error instanceof FaultError && error.fault.kind === 'download' && error.fault.status === 404;
    if (!missing) throw error;
    throw badInput('MLC weights', `there is no ${CONFIG} at ${url}`);
  });
  if (bytes > MOST_CONFIG_BYTES) throw badInput('MLC weights', `its ${CONFIG} has ${bytes} bytes`);
  checkMlcConfig(new TextDecoder().decode(await readUrlRange(url, 0, bytes, signal)), artifact, model);
  if (!isOnHub) return { repo };
  const { mlc } = await listRepo(repo, signal, hubUrl);
  if (mlc.length === 0) throw badInput('MLC weights', `${repo} has no MLC weights`);
  return { repo, bytes: mlc.reduce((sum, file) => sum + file.bytes, 0) };
}
