import type { Result, Run, RunEnd } from './run';
import type { TestSet } from './test-set';

/** A file whose shards are all stored; written after the last of them. */
export interface StoredFile {
  /** SHA-256 of the whole file, as hex: equal files are stored once. */
  readonly fileId: string;
  /** The same of a file that is found by another id: a merged one by what it was merged from. */
  readonly sha256?: string;
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
  readonly finished: number;
}

/** The journal of runs. */
export interface RunStore {
  createRun(run: Run, testSet: TestSet): Promise<void>;
  /** Resolves when the result is on disk. Does nothing when the run was deleted meanwhile. */
  appendResult(runId: string, result: Result): Promise<void>;
  /** Does nothing when the run was deleted meanwhile. */
  endRun(runId: string, end: RunEnd): Promise<void>;
  /** Takes the end back, before a run is continued. */
  reopenRun(runId: string): Promise<void>;
  findRun(runId: string): Promise<RunRecord | undefined>;
  /** Newest first. */
  listRuns(): Promise<readonly RunSummary[]>;
  deleteRun(runId: string): Promise<void>;
}

/** Small values remembered on this device. */
export interface SettingsStore {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}
