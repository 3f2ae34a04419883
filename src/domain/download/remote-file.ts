/** What a host tells of a file before anything of it is fetched. */
export interface RemoteFile {
  readonly bytes: number;
  readonly etag?: string;
  /** Of the whole file, where the host knows: the LFS hash of the Hub. */
  readonly sha256?: string;
  /** Whether the host answers for a part of the file. */
  readonly hasRanges: boolean;
  /** Of a file that its host keeps in shards whose hashes it tells. */
  readonly shards?: {
    /** Of each, except for the last one. */
    readonly shardBytes: number;
    /** SHA-256 as hex, in file order. */
    readonly sha256: readonly string[];
  };
}

/** The answer to a request for a part of a file. */
export interface RangeAnswer {
  /**
   * Where `body` begins in the file: as asked, or earlier from a host that sends the whole file, or the whole shard,
   * whatever is asked.
   */
  readonly start: number;
  /** Of the whole file, where the answer tells. */
  readonly totalBytes?: number;
  readonly etag?: string;
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>;
}
