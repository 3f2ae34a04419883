import { FaultError } from '../../domain/fault';
import { makeGgufModel, type Inspected } from '../../domain/model/gguf-model';
import { HUB_URL, makeFileUrl, parseHubReference } from '../../domain/model/hub';
import type { LocalFile } from '../../domain/download/local-file';
import { makeAdapter } from '../../domain/model/lora-model';
import { findLoneAdapter, groupOwnFiles, listPartUrls, type OwnFile } from '../../domain/model/own-files';
import type { FileStore } from '../../domain/run/ports';
import { listRepo, searchHub } from './hub';
import { findMlcWeights } from './mlc-weights';
import { planLora } from './plan-lora';
import type { CachedFile, ModelFilesApi } from '../protocol';
import { blobSource, openUrlSource, readGgufHeader } from './read-gguf';

/** What the page asks about models of its own: picked, on the Hub, in the store. None of it waits for a run. */
export function createModelFilesApi(store: FileStore): Omit<ModelFilesApi, 'importLocal'> {
  // These are over in seconds; the page drops an answer that it no longer wants.
  const { signal } = new AbortController();
  return {
    inspectFiles: (files) => inspectFiles(files, signal),
    inspectUrls: (urls, hubUrl) => inspectUrls(urls, hubUrl ?? HUB_URL, signal),
    planLora: (request) => planLora(request, store, signal),
    findMlcWeights: (request) => findMlcWeights(request, signal),
    searchHub: (text, hubUrl) => searchHub(text, signal, hubUrl),
    listRepo: (reference, hubUrl) => listRepo(reference, signal, hubUrl),
    listCached: () => listCached(store),
    deleteCached: (fileId) => deleteCached(fileId, store),
  };
}

/** A model, or an adapter for one, from picked files: the header of each is read, nothing else. @throws FaultError `bad-input` */
export async function inspectFiles(files: readonly LocalFile[], signal: AbortSignal): Promise<Inspected> {
  const owned: OwnFile[] = [];
  for (const { key, file } of files) {
    const header = await readGgufHeader(blobSource(file.name, file), signal);
    owned.push({ file: { name: file.name, bytes: file.size, local: key }, header });
  }
  const adapter = findLoneAdapter(owned);
  return adapter === undefined
    ? makeGgufModel(groupOwnFiles(owned), undefined)
    : { adapter: makeAdapter(adapter) };
}

/**
 * A model from addresses of GGUF files, the header of each read by ranges. Any one part of a split file stands for all.
 * @throws FaultError `bad-input`, `download`
 */
export async function inspectUrls(
  urls: readonly string[],
  hubUrl: string,
  signal: AbortSignal,
): Promise<Inspected> {
  const all = [...new Set(urls.map((url) => toFileUrl(url, hubUrl)).flatMap(listPartUrls))];
  const owned: OwnFile[] = [];
  for (const url of all) {
    const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '') || 'model.gguf';
    const { remote, source } = await openUrlSource(name, url, signal);
    const header = await readGgufHeader(source, signal);
    const { bytes, sha256 } = remote;
    owned.push({ file: { name, bytes, url, ...(sha256 !== undefined && { sha256 }) }, header });
  }
  const adapter = findLoneAdapter(owned);
  if (adapter !== undefined) return { adapter: makeAdapter(adapter) };
  const [first = ''] = all;
  const repo = parseHubReference(first, hubUrl)?.repo;
  return makeGgufModel(
    groupOwnFiles(owned),
    repo === undefined ? new URL(first).origin : `${HUB_URL}/${repo}`,
  );
}

/** The Hub's page of a file shows it; another address has its bytes. */
function toFileUrl(url: string, hubUrl: string): string {
  const place = parseHubReference(url, hubUrl);
  if (place?.path !== undefined) {
    return makeFileUrl(place, place.path, url.startsWith(hubUrl) ? hubUrl : HUB_URL);
  }
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new FaultError({
    kind: 'bad-input',
    what: 'address',
    detail: 'expected the https address of a file',
  });
}

/** Whole files first, then what is there of unfinished ones. */
export async function listCached(store: FileStore): Promise<readonly CachedFile[]> {
  const [files, downloads] = await Promise.all([store.listFiles(), store.listDownloads()]);
  return [
    ...files.map(({ fileId, sha256 = fileId, source, name, bytes, storedAt }) => ({
      fileId,
      sha256,
      ...(source !== undefined && { source }),
      name,
      bytes,
      storedAt,
      isWhole: true,
    })),
    ...downloads
      .filter(({ fileId }) => !files.some((file) => file.fileId === fileId))
      .map(({ fileId, name, bytes, startedAt }) => ({
        fileId,
        name,
        bytes,
        storedAt: startedAt,
        isWhole: false,
      })),
  ];
}

async function deleteCached(fileId: string, store: FileStore): Promise<void> {
  await navigator.locks.request(`wizardbench-file-${fileId}`, { ifAvailable: true }, async (lock) => {
    if (lock === null) throw new FaultError({ kind: 'engine', detail: 'the file is being downloaded' });
    await store.deleteFile(fileId);
  });
}
