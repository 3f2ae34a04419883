import { FaultError, throwIfStopped, toFault, type Fault } from '../fault';
import { sha256Hex } from '../hash';
import type { FileStore } from '../run/ports';
import { fetchSpan, type Span } from './fetch-span';
import { hashInOrder, takeKnownHashes } from './hash-in-order';
import { runLanes } from './lanes';
import type { RangeAnswer, RemoteFile } from './remote-file';
import { findPresentBytes, resumeOrBegin } from './resume';
import { withRetries } from './retry';
import { SHARD_SIZES, ShardLayout, type ShardSizes } from './shard-layout';
import {
  joinShards,
  readIntactShard,
  readStoredFile,
  type ObtainedFile,
  type TransferProgress,
} from './stored-file';

/** Connections at a time. */
export const LANES = 4;
/** Before a shard of wrong bytes is fetched again: it may have been damaged on the way. */
const WRONG_SHARD_PAUSES_MS: readonly number[] = [500, 2_000];

export interface DownloadPorts {
  readonly store: FileStore;
  /** Only asked when the store lacks the file or part of it. @throws FaultError `download` or `integrity` */
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
  /** Other sizes than usual, for tests; a host that tells its shards has sizes of its own. */
  readonly sizes?: ShardSizes;
}

interface WantedFile {
  readonly name: string;
  /** Where it comes from, the same every time: its URL, or `local:` and a key. */
  readonly source: string;
  /** As hex, where it is known beforehand. */
  readonly sha256?: string | undefined;
}

/**
 * Makes a file available: one that its host serves by ranges, as ready-made shards, or only as a whole. Parts are
 * stored as they arrive and never fetched again. A shard of known SHA-256 is checked as soon as it is stored, and
 * fetched again when it is wrong. Otherwise the whole file's SHA-256 is computed in file order while it arrives, and
 * checked against the catalog's or the host's, where either is known, before the file is declared whole.
 * @returns the file as one Blob over its shards; nothing is read until the engine does
 * @throws FaultError `download`, `integrity`, `quota` or `stopped`
 */
export async function obtainFile(
  file: WantedFile,
  ports: DownloadPorts,
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

  const remote = await withRetries(() => ports.describe(signal), ports.pause, signal);
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
  file: WantedFile,
  fileId: string,
  expected: string | undefined,
  remote: RemoteFile,
  ports: DownloadPorts,
  onProgress: (progress: TransferProgress) => void,
  signal: AbortSignal,
): Promise<ObtainedFile> {
  const { store } = ports;
  const { bytes, shards: known } = remote;
  const sizes = ports.sizes ?? SHARD_SIZES;
  const layout = new ShardLayout(
    bytes,
    known === undefined ? sizes : { ...sizes, shardBytes: known.shardBytes },
  );
  let open = await resumeOrBegin(file, fileId, remote, ports);
  const present = await findPresentBytes(fileId, remote, layout, store, signal);
  let doneBytes = present.reduce((sum, each) => sum + each, 0);
  let receivedBytes = 0;
  const report = () => onProgress({ doneBytes, totalBytes: bytes, receivedBytes });
  report();
  await ports.reserve(bytes - doneBytes);

  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const hash =
    known === undefined || expected === undefined
      ? hashInOrder(fileId, layout, store, either)
      : takeKnownHashes(expected, known.sha256, layout);
  // Awaited at the end; until then its failure only has to stop the lanes.
  hash.done.catch(() => {
    failed.abort();
  });
  const spans: Span[] = present.map((had, index) => ({
    start: layout.startOf(index) + had,
    end: layout.endOf(index),
  }));
  for (const [index, { start, end }] of spans.entries()) if (start === end) hash.shardIsStored(index);
  const gaps = spans.filter(({ start, end }) => start < end);
  const [firstGap] = gaps;

  const host = { hasChanged: false };
  const restartsAt = (position: number) => {
    if (known !== undefined) return layout.startOf(layout.indexOf(position));
    return remote.hasRanges ? position : 0;
  };
  const fetchIt = (span: Span, laneSignal: AbortSignal) =>
    fetchSpan(span, file.source, layout, restartsAt, ports, laneSignal, {
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
        const index = layout.indexOf(start);
        await store.writePart(fileId, index, layout.partOf(start), part);
        if (start + part.size === layout.endOf(index)) hash.shardIsStored(index);
      },
    });
  /** A span within one shard; what turns out to be wrong is fetched again from the shard's start. */
  const fetchChecked = async (span: Span, laneSignal: AbortSignal) => {
    const index = layout.indexOf(span.start);
    const sha256 = known?.sha256[index];
    const shardBytes = layout.bytesOf(index);
    for (let { start } = span, attempt = 0; ; start = layout.startOf(index), attempt++) {
      await fetchIt({ start, end: span.end }, laneSignal);
      if (sha256 === undefined) return;
      if ((await readIntactShard(fileId, index, { bytes: shardBytes, sha256 }, store)) !== undefined) return;
      await store.deleteShard(fileId, index);
      doneBytes -= shardBytes;
      receivedBytes -= span.end - start;
      report();
      const pauseMs = WRONG_SHARD_PAUSES_MS[attempt];
      if (pauseMs === undefined) throw new FaultError(wrongShard(file.name, index));
      await ports.pause(pauseMs, laneSignal);
    }
  };

  try {
    await runLanes(
      LANES,
      remote.hasRanges || firstGap === undefined ? gaps : [{ start: firstGap.start, end: bytes }],
      fetchChecked,
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

function wrongShard(name: string, shard: number): Fault {
  return {
    kind: 'integrity',
    file: name,
    shard,
    detail: 'the bytes received do not have the expected SHA-256',
  };
}
