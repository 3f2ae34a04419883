import { createSHA256 } from 'hash-wasm';
import { throwIfStopped } from '../fault';
import { sha256Hex } from '../hash';
import type { FileStore } from '../run/ports';
import type { ShardLayout } from './shard-layout';

interface OrderedHash {
  readonly shardIsStored: (index: number) => void;
  /** Rejects when a stored shard can't be read back, or the signal is aborted. */
  readonly done: Promise<{
    readonly sha256: string;
    readonly shards: readonly { readonly bytes: number; readonly sha256: string }[];
  }>;
}

/** Hashes shards and the whole file as read back from the store, in file order, each as soon as those before it are there. */
export function hashInOrder(
  fileId: string,
  layout: ShardLayout,
  store: FileStore,
  signal: AbortSignal,
): OrderedHash {
  const ready = new Set<number>();
  let wake: () => void = () => undefined;
  signal.addEventListener('abort', () => {
    wake();
  });
  const hashAll = async () => {
    const whole = await createSHA256();
    const shards: { bytes: number; sha256: string }[] = [];
    for (let index = 0; index < layout.shardCount; index++) {
      throwIfStopped(signal);
      while (!ready.has(index)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        throwIfStopped(signal);
      }
      const shard = await (await store.readShard(fileId, index))?.arrayBuffer();
      if (shard?.byteLength !== layout.bytesOf(index)) {
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

/** For shards whose hashes are known and checked one by one: what `hashInOrder` would find. */
export function takeKnownHashes(sha256: string, hashes: readonly string[], layout: ShardLayout): OrderedHash {
  const shards = hashes.map((hash, index) => ({ bytes: layout.bytesOf(index), sha256: hash }));
  return { shardIsStored: () => undefined, done: Promise.resolve({ sha256, shards }) };
}
