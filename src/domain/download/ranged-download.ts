import { createSHA256 } from 'hash-wasm';
import { FaultError, throwIfStopped, toFault, type Fault } from '../fault';
import { sha256Hex } from '../hash';
import { runLanes } from './lanes';
import { choosePause, withRetries, type RetryPolicy } from './retry';
import type { FileStore, OpenDownload } from '../run/ports';
import {
  joinShards,
  readIntactShard,
  readStoredFile,
  type ObtainedFile,
  type TransferProgress,
} from './stored-file';

/** Of a shard of a file that comes without a manifest. */
export const SHARD_BYTES = 16 * 1024 * 1024;
/**
 * What is stored at once while a shard arrives. All lanes together lose less than one shard when the page is killed:
 * each at most one part.
 */
export const PART_BYTES = 2 * 1024 * 1024;
export const LANES = 4;

const RETRIES: RetryPolicy = { pausesMs: [500, 2_000, 5_000, 10_000] };

/** What a host tells of a file before anything of it is fetched. */
export interface RemoteFile {
  readonly bytes: number;
  readonly etag?: string;
  /** Of the whole file, where the host knows: the LFS hash of the Hub. */
  readonly sha256?: string;
  /** Whether the host answers for a part of the file. */
  readonly hasRanges: boolean;
}

/** The answer to a request for a part of a file. */
export interface RangeAnswer {
  /** Where `body` begins in the file: as asked, or 0 from a host that sends the whole file whatever is asked. */
  readonly start: number;
  /** Of the whole file, where the answer tells. */
  readonly totalBytes?: number;
  readonly etag?: string;
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export interface RangedPorts {
  readonly store: FileStore;
  /** Only asked when the store lacks the file or part of it. @throws FaultError `download` */
  readonly describe: (signal: AbortSignal) => Promise<RemoteFile>;
  /** Bytes from `start` up to, not including, `end`. @throws FaultError `download` */
  readonly openRange: (start: number, end: number, signal: AbortSignal) => Promise<RangeAnswer>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** @throws FaultError `quota` when so many bytes will not fit */
  readonly reserve: (bytes: number) => Promise<void>;
  /** Waits before another try. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Holds `name` in all tabs while it works. */
  readonly runExclusively: <T>(name: string, work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

interface RangedFile {
  readonly name: string;
  /** Where it comes from, the same every time: its URL, or `local:` and a key. */
  readonly source: string;
  readonly sha256?: string | undefined;
}

/**
 * Makes a file available that its host serves by ranges, or only as a whole. Parts are stored as they arrive and never
 * fetched again; the whole file's SHA-256 is computed in file order while it arrives and checked against the catalog's
 * or the host's, where either is known, before the file is declared whole.
 * @returns the file as one lazy Blob over its shards
 * @throws FaultError `download`, `integrity`, `quota` or `stopped`
 */
export async function obtainRangedFile(
  file: RangedFile,
  ports: RangedPorts,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile> {
  const { store } = ports;
  const stored =
    file.sha256 === undefined
      ? (await store.listFiles()).find(({ source }) => source === file.source)
      : await store.findFile(file.sha256);
  const whole = stored && (await readStoredFile(stored, store, onProgress, signal));
  if (whole !== undefined) return whole;

  const remote = await withRetries(() => ports.describe(signal), RETRIES, ports.pause, signal);
  if (file.sha256 !== undefined && remote.sha256 !== undefined && file.sha256 !== remote.sha256) {
    throw new FaultError({
      kind: 'integrity',
      file: file.name,
      detail: 'the host has another file under this name than the catalog describes',
    });
  }
  const expected = file.sha256 ?? remote.sha256;
  const fileId = expected ?? (await nameByOrigin(file.source, remote));
  return ports.runExclusively(
    `wizardbench-file-${fileId}`,
    async () => {
      // Another tab may have fetched it while this one waited.
      const present = await store.findFile(fileId);
      const ready = present && (await readStoredFile(present, store, onProgress, signal));
      return ready ?? (await download(file, fileId, expected, remote, ports, onProgress, signal));
    },
    signal,
  );
}

function nameByOrigin(source: string, { etag = '', bytes }: RemoteFile): Promise<string> {
  return sha256Hex(new TextEncoder().encode(`${source}\n${etag}\n${bytes}`));
}

async function download(
  file: RangedFile,
  fileId: string,
  expected: string | undefined,
  remote: RemoteFile,
  ports: RangedPorts,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile> {
  const { store } = ports;
  const { bytes } = remote;
  let open = await resumeOrBegin(file, fileId, remote, ports);
  const present = await findPresentBytes(fileId, remote, store, signal);
  let doneBytes = present.reduce((sum, each) => sum + each, 0);
  let receivedBytes = 0;
  const report = () => onProgress({ doneBytes, totalBytes: bytes, receivedBytes });
  report();
  await ports.reserve(bytes - doneBytes);

  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const hash = hashInOrder(fileId, bytes, store, either);
  // Awaited at the end; until then its failure only has to stop the lanes.
  hash.done.catch(() => {
    failed.abort();
  });
  const spans: Span[] = present.map((had, index) => ({
    start: index * SHARD_BYTES + had,
    end: shardEnd(index, bytes),
  }));
  for (const [index, { start, end }] of spans.entries()) if (start === end) hash.shardIsStored(index);
  const gaps = spans.filter(({ start, end }) => start < end);
  const [firstGap] = gaps;

  const host = { hasChanged: false };
  try {
    await runLanes(
      LANES,
      remote.hasRanges || firstGap === undefined ? gaps : [{ start: firstGap.start, end: bytes }],
      (span, laneSignal) =>
        fetchSpan(span, file.source, remote, ports, laneSignal, {
          async onAnswer({ etag, totalBytes }) {
            host.hasChanged ||=
              (totalBytes !== undefined && totalBytes !== bytes) ||
              (etag !== undefined && open.etag !== undefined && etag !== open.etag);
            if (host.hasChanged) throw new FaultError(changedOnHost(file.name));
            if (etag === undefined || open.etag !== undefined) return;
            open = { ...open, etag };
            await store.saveDownload(open);
          },
          onBytes(count) {
            doneBytes += count;
            receivedBytes += count;
            report();
          },
          async onPart(start, part) {
            const index = Math.floor(start / SHARD_BYTES);
            await store.writePart(fileId, index, (start % SHARD_BYTES) / PART_BYTES, part);
            if (start + part.size === shardEnd(index, bytes)) hash.shardIsStored(index);
          },
        }),
      either,
    );
  } catch (error) {
    failed.abort();
    throwIfStopped(signal);
    const fault = toFault(error);
    // 416: the file is shorter now than what is asked for.
    if (host.hasChanged || (fault.kind === 'download' && fault.status === 416)) {
      await store.deleteFile(fileId);
      throw new FaultError(changedOnHost(file.name), { cause: error });
    }
    // Where reading back failed, the lanes only know that they were stopped.
    if (fault.kind === 'stopped') await hash.done;
    throw error;
  }

  const { sha256, shards } = await hash.done;
  if (expected !== undefined && sha256 !== expected) {
    await store.deleteFile(fileId);
    throw new FaultError({
      kind: 'integrity',
      file: file.name,
      detail: `the bytes received have the SHA-256 ${sha256}, not ${expected}; they were dropped`,
    });
  }
  await store.commitFile({
    fileId,
    ...(sha256 !== fileId && { sha256 }),
    source: file.source,
    name: file.name,
    bytes,
    shards,
    storedAt: ports.now(),
  });
  return { blob: await joinShards(fileId, shards.length, store), sha256 };
}

function changedOnHost(name: string): Fault {
  return {
    kind: 'integrity',
    file: name,
    detail: 'the host changed the file during the download; what had arrived was dropped',
  };
}

function shardEnd(index: number, bytes: number): number {
  return Math.min(bytes, (index + 1) * SHARD_BYTES);
}

/** Goes on with an earlier download if it was of the same content; otherwise drops what there is of it. */
async function resumeOrBegin(
  { name, source }: RangedFile,
  fileId: string,
  remote: RemoteFile,
  { store, now }: RangedPorts,
): Promise<OpenDownload> {
  const earlier = await store.findDownload(fileId);
  const isSame =
    earlier !== undefined &&
    earlier.bytes === remote.bytes &&
    (remote.sha256 === fileId ||
      remote.etag === undefined ||
      earlier.etag === undefined ||
      earlier.etag === remote.etag);
  if (earlier !== undefined && !isSame) await store.deleteFile(fileId);
  await dropOutdated(source, fileId, store);
  const etag = remote.etag ?? (isSame ? earlier.etag : undefined);
  const open: OpenDownload = {
    fileId,
    source,
    name,
    bytes: remote.bytes,
    ...(etag !== undefined && { etag }),
    startedAt: isSame ? earlier.startedAt : now(),
  };
  await store.saveDownload(open);
  return open;
}

/** Deletes what the same place held before: nothing finds it any more. */
async function dropOutdated(source: string, fileId: string, store: FileStore): Promise<void> {
  for (const each of [...(await store.listFiles()), ...(await store.listDownloads())]) {
    if (each.source === source && each.fileId !== fileId) await store.deleteFile(each.fileId);
  }
}

/** How much of each shard is stored, from its start; what cannot be used is deleted. */
async function findPresentBytes(
  fileId: string,
  { bytes, hasRanges }: RemoteFile,
  store: FileStore,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const stored = await store.findFile(fileId);
  const present: number[] = [];
  let hasGap = false;
  for (let index = 0; index * SHARD_BYTES < bytes; index++) {
    throwIfStopped(signal);
    const length = shardEnd(index, bytes) - index * SHARD_BYTES;
    const size = (await store.readShard(fileId, index))?.size ?? 0;
    const expected = stored?.shards[index];
    const isUsable =
      (size === length || (size < length && size % PART_BYTES === 0)) &&
      // A file that was whole and no longer is: find which shard it is.
      (expected === undefined || (await readIntactShard(fileId, index, expected, store)) !== undefined) &&
      // A host without ranges sends everything behind the first gap anyway.
      (hasRanges || !hasGap);
    if (!isUsable && size > 0) await store.deleteShard(fileId, index);
    present.push(isUsable ? size : 0);
    hasGap ||= present[index] !== length;
  }
  return present;
}

interface OrderedHash {
  readonly shardIsStored: (index: number) => void;
  readonly done: Promise<{
    readonly sha256: string;
    readonly shards: readonly { readonly bytes: number; readonly sha256: string }[];
  }>;
}

/** Hashes shards and the whole file as read back from the store, in file order, each as soon as those before it are there. */
function hashInOrder(fileId: string, bytes: number, store: FileStore, signal: AbortSignal): OrderedHash {
  const ready = new Set<number>();
  let wake: () => void = () => undefined;
  signal.addEventListener('abort', () => {
    wake();
  });
  const hashAll = async () => {
    const whole = await createSHA256();
    const shards: { bytes: number; sha256: string }[] = [];
    for (let index = 0; index * SHARD_BYTES < bytes; index++) {
      throwIfStopped(signal);
      while (!ready.has(index)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        throwIfStopped(signal);
      }
      const shard = await (await store.readShard(fileId, index))?.arrayBuffer();
      if (shard?.byteLength !== shardEnd(index, bytes) - index * SHARD_BYTES) {
        throw new Error(`shard ${index} of ${fileId} is not what was stored`);
      }
      whole.update(new Uint8Array(shard));
      shards.push({ bytes: shard.byteLength, sha256: await sha256Hex(shard) });
    }
    return { sha256: whole.digest(), shards };
  };
  return {
    shardIsStored(index) {
      ready.add(index);
      wake();
    },
    done: hashAll(),
  };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Fetches a span part by part. A connection that is cut is taken up where it was cut. */
async function fetchSpan(
  { start, end }: Span,
  source: string,
  { hasRanges }: RemoteFile,
  ports: RangedPorts,
  signal: AbortSignal,
  listener: {
    readonly onAnswer: (answer: RangeAnswer) => Promise<void>;
    readonly onBytes: (count: number) => void;
    readonly onPart: (start: number, part: Blob) => Promise<void>;
  },
): Promise<void> {
  let position = start;
  let part: Uint8Array<ArrayBuffer>[] = [];
  let partStart = start;
  const take = async (bytes: Uint8Array<ArrayBuffer>) => {
    for (let rest = bytes; rest.length > 0;) {
      const partEnd = Math.min(end, partStart - (partStart % PART_BYTES) + PART_BYTES);
      const taken = rest.subarray(0, partEnd - position);
      part.push(taken);
      position += taken.length;
      listener.onBytes(taken.length);
      rest = rest.subarray(taken.length);
      if (position < partEnd) continue;
      await listener.onPart(partStart, new Blob(part));
      part = [];
      partStart = position;
    }
  };
  for (let attempt = 0; position < end;) {
    const before = position;
    try {
      const answer = await ports.openRange(position, end, signal);
      await listener.onAnswer(answer);
      if (hasRanges && answer.start !== position) {
        const detail = 'the host no longer answers for parts of the file';
        throw new FaultError({ kind: 'download', url: source, status: 200, detail });
      }
      let at = answer.start;
      for await (const chunk of answer.body) {
        throwIfStopped(signal);
        const fresh = chunk.subarray(Math.max(0, position - at));
        at += chunk.length;
        await take(fresh.subarray(0, end - position));
        if (at > end) break;
      }
      if (position < end) {
        const detail = `the answer ended ${end - position} bytes early`;
        throw new FaultError({ kind: 'download', url: source, detail });
      }
    } catch (error) {
      throwIfStopped(signal);
      if (position > before) attempt = 0;
      const pauseMs = choosePause(toFault(error), attempt++, RETRIES);
      if (pauseMs === undefined) throw error;
      await ports.pause(pauseMs, signal);
    }
  }
}
