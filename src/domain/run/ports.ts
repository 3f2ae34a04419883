import type { EngineSwitch, Result, Run, RunEnd } from './run';
import type { TestSet } from '../sets/test-set';

/** A file whose shards are all stored; written after the last of them. */
export interface StoredFile {
  /**
   * SHA-256 of the whole file, as hex, where it was known beforehand: equal files are stored once. Otherwise a hash of
   * where the file came from, and `sha256` has what the bytes turned out to be.
   */
  readonly fileId: string;
  readonly sha256?: string;
  /** Where it was fetched from, so that it is found again without asking; `local:` and the key of a picked file. */
  readonly source?: string;
  readonly name: string;
  readonly bytes: number;
  readonly shards: readonly { readonly bytes: number; readonly sha256: string }[];
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

export interface ShardStore {
  /** @returns undefined unless the file was stored whole */
  findFile(fileId: string): Promise<StoredFile | undefined>;
  /** @returns undefined when there is no such shard */
  readShard(fileId: string, index: number): Promise<Blob | undefined>;
  /** @throws FaultError `quota` */
  writeShard(fileId: string, index: number, shard: Blob): Promise<void>;
  /** Declares the file whole. */
  commitFile(file: StoredFile): Promise<void>;
}

/** A download that has begun; what is stored of it stays until it is whole or deleted. */
export interface OpenDownload {
  readonly fileId: string;
  readonly source: string;
  readonly name: string;
  readonly bytes: number;
  /** The host's mark of this very content. */
  readonly etag?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The shards of every file, and the parts of shards that are still under way. */
export interface FileStore extends ShardStore {
  /** Whole files, oldest first. */
  listFiles(): Promise<readonly StoredFile[]>;
  listDownloads(): Promise<readonly OpenDownload[]>;
  findDownload(fileId: string): Promise<OpenDownload | undefined>;
  saveDownload(download: OpenDownload): Promise<void>;
  /**
   * Adds the next bytes of a shard; `readShard` gives all parts from 0 on, so a shard may be shorter than it will be.
   * @throws FaultError `quota`
   */
  writePart(fileId: string, index: number, part: number, bytes: Blob): Promise<void>;
  deleteShard(fileId: string, index: number): Promise<void>;
  /** Also what is stored of an unfinished one. */
  deleteFile(fileId: string): Promise<void>;
}

export interface RunRecord {
  readonly run: Run;
  readonly results: readonly Result[];
  /** The set as it was run, so that the record can be read and continued without its source. */
  readonly testSet: TestSet;
}

export interface RunSummary {
  readonly run: Run;
  readonly passed: number;
  readonly graded: number;
  /** Cases that have an answer. */
  readonly finished: number;
}

/** The journal of runs. */
export interface RunStore {
  createRun(run: Run, testSet: TestSet): Promise<void>;
  /** Resolves when the result is on disk. Does nothing when the run was deleted meanwhile. */
  appendResult(runId: string, result: Result): Promise<void>;
  /** Does nothing when the run was deleted meanwhile. */
  appendSwitch(runId: string, change: EngineSwitch): Promise<void>;
  /** Does nothing when the run was deleted meanwhile. */
  endRun(runId: string, end: RunEnd): Promise<void>;
  /** Takes the end back, before a run is continued. */
  reopenRun(runId: string): Promise<void>;
  findRun(runId: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  listRuns(): Promise<readonly RunSummary[]>;
  deleteRun(runId: string): Promise<void>;
}

/** What a list of sets shows of one, without reading its cases. */
export interface StoredSetSummary {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  readonly licence: string;
  readonly caseCount: number;
  /** The most frequent first. */
  readonly tags: readonly string[];
  /** Of the set's canonical JSON. */
  readonly sha256: string;
  /** Its cases show images; also absent of sets stored by older versions of the page. */
  readonly hasImages?: true;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

/** Sets that a person has imported, generated or written; kept by their ids. */
export interface SetStore {
  /** Newest first. */
  list(): Promise<readonly StoredSetSummary[]>;
  /** @returns undefined when there is no such set */
  get(id: string): Promise<TestSet | undefined>;
  put(summary: StoredSetSummary, testSet: TestSet): Promise<void>;
  delete(id: string): Promise<void>;
}

/** Small values remembered on this device. */
export interface SettingsStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}
