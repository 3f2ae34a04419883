import { badInput, FaultError, throwIfStopped } from '../../domain/fault';
import {
  type HubReference,
  HUB_URL,
  parseHubFile,
  parseHubModel,
  parseHubReference,
  sortHubFiles,
  type HubFile,
  type HubModel,
  type HubRepo,
} from '../../domain/model/hub';

const MOST_MODELS = 30;
/** More than any repo of one model has; pages of a repo without end are not read to the end. */
const MOST_FILES = 5_000;
const ANSWER_MS = 20_000;

/** Models on the Hub that have GGUF files, the most downloaded first. @throws FaultError `download`, `bad-input` */
export async function searchHub(
  text: string,
  signal: AbortSignal,
  hubUrl = HUB_URL,
): Promise<readonly HubModel[]> {
  const { listModels } = await import('@huggingface/hub');
  return asHubFaults(hubUrl, signal, async () => {
    const found: HubModel[] = [];
    const models = listModels({
      search: { query: text.trim().slice(0, 200), tags: ['gguf'] },
      sort: 'downloads',
      limit: MOST_MODELS,
      hubUrl,
      fetch: faultyFetch(signal),
    });
    for await (const model of models) found.push(parseHubModel(model));
    return found;
  });
}

/**
 * The files of a repo that engines here can use.
 * @param reference a repo id, or the address of a repo, folder or file
 * @throws FaultError `bad-input` when it is none, `download` with 401, 403, 404 or 429 and what the Hub says of it
 */
export async function listRepo(reference: string, signal: AbortSignal, hubUrl = HUB_URL): Promise<HubRepo> {
  const { place, files } = await listRepoFiles(reference, signal, hubUrl);
  return sortHubFiles(place, files);
}

/** Every file of a repo, up to a bound that no repo of weights reaches. @throws as `listRepo` */
export async function listRepoFiles(
  reference: string,
  signal: AbortSignal,
  hubUrl = HUB_URL,
): Promise<{ readonly place: HubReference; readonly files: readonly HubFile[] }> {
  const place = parseHubReference(reference, hubUrl);
  if (place === undefined)
    throw badInput('Hub address', 'expected owner/name or an address on huggingface.co');
  const { listFiles } = await import('@huggingface/hub');
  return asHubFaults(hubUrl, signal, async () => {
    const files: HubFile[] = [];
    const entries = listFiles({
      repo: { type: 'model', name: place.repo },
      revision: place.revision,
      recursive: true,
      hubUrl,
      fetch: faultyFetch(signal),
    });
    let seen = 0;
    for await (const entry of entries) {
      const file = parseHubFile(entry, place, hubUrl);
      if (file !== undefined) files.push(file);
      if (++seen >= MOST_FILES) break;
    }
    return { place, files };
  });
}

/** The library tells of a status only in words, and of no other trouble; this does, before the library sees it. */
function faultyFetch(signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const late = AbortSignal.timeout(ANSWER_MS);
    let response: Response;
    let text: string;
    try {
      response = await fetch(input, { ...init, signal: AbortSignal.any([signal, late]) });
      text = await response.text();
    } catch (error) {
      throwIfStopped(signal);
      const detail = late.aborted ? `no answer within ${ANSWER_MS / 1_000} s` : 'the Hub cannot be reached';
      throw new FaultError({ kind: 'download', url, detail }, { cause: error });
    }
    const { status, statusText, headers, ok } = response;
    if (ok) return new Response(text, { headers });
    const retryAfterSeconds = Number(headers.get('Retry-After') ?? NaN);
    const reason = headers.get('X-Error-Message') ?? headers.get('X-Error-Code') ?? statusText;
    throw new FaultError({
      kind: 'download',
      url,
      status,
      ...(retryAfterSeconds >= 0 && { retryAfterSeconds }),
      detail: `HTTP ${status} ${reason}`.trim().slice(0, 400),
    });
  };
}

/** What the library cannot make sense of is no answer of the Hub: a page of some proxy, most likely. */
async function asHubFaults<T>(hubUrl: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throwIfStopped(signal);
    if (error instanceof FaultError) throw error;
    const detail = 'the answer is not what the Hub sends';
    throw new FaultError({ kind: 'download', url: hubUrl, detail }, { cause: error });
  }
}
