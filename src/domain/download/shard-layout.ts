/** How a file is cut: shards are what is checked, parts are what is stored at once while a shard arrives. In bytes. */
export interface ShardSizes {
  readonly shardBytes: number;
  /**
   * All lanes together lose less than one shard when the page is killed: each at most one part. A shard is a whole
   * number of parts, except for the last of a file.
   */
  readonly partBytes: number;
}

export const SHARD_SIZES: ShardSizes = { shardBytes: 16 * 1024 * 1024, partBytes: 2 * 1024 * 1024 };

/** Where the shards of one file begin and end. All positions are bytes from the file's start. */
export class ShardLayout {
  readonly shardCount: number;

  constructor(
    readonly fileBytes: number,
    private readonly sizes: ShardSizes,
  ) {
    this.shardCount = Math.ceil(fileBytes / sizes.shardBytes);
  }

  startOf(index: number): number {
    return index * this.sizes.shardBytes;
  }

  endOf(index: number): number {
    return Math.min(this.fileBytes, this.startOf(index + 1));
  }

  bytesOf(index: number): number {
    return this.endOf(index) - this.startOf(index);
  }

  /** The shard that holds the byte at `position`. */
  indexOf(position: number): number {
    return Math.floor(position / this.sizes.shardBytes);
  }

  /** The number of the part, within its shard, that begins at `position`. */
  partOf(position: number): number {
    return (position % this.sizes.shardBytes) / this.sizes.partBytes;
  }

  /** Where the part ends that holds `position`, but never behind its shard. */
  partEnd(position: number): number {
    const inShard = position % this.sizes.shardBytes;
    const partEnd = position - (inShard % this.sizes.partBytes) + this.sizes.partBytes;
    return Math.min(partEnd, this.endOf(this.indexOf(position)));
  }

  /** Whether so many bytes from a shard's start may be stored of it: the whole shard, or whole parts. */
  isStorable(index: number, bytes: number): boolean {
    const length = this.bytesOf(index);
    return bytes === length || (bytes < length && bytes % this.sizes.partBytes === 0);
  }
}
