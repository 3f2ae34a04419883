import { createSHA256 } from 'hash-wasm';
import { throwIfStopped } from '../fault';
import { sha256Hex } from '../hash';

/** A file that the person picked, and the key by which a model's row names it. */
export interface LocalFile {
  readonly key: string;
  readonly file: File;
}

/** The same for the same file picked again, another once it has changed. */
export async function makeLocalKey(file: Pick<File, 'name' | 'size' | 'lastModified'>): Promise<string> {
  const text = JSON.stringify([file.name, file.size, file.lastModified]);
  return (await sha256Hex(new TextEncoder().encode(text))).slice(0, 32);
}

const HASHED_AT_ONCE = 8 * 1024 * 1024;

/** SHA-256 of a file of any size, read piece by piece. @throws FaultError `stopped` */
export async function hashBlob(
  blob: Blob,
  onBytes: (doneBytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const hash = await createSHA256();
  for (let at = 0; at < blob.size; at += HASHED_AT_ONCE) {
    throwIfStopped(signal);
    hash.update(new Uint8Array(await blob.slice(at, at + HASHED_AT_ONCE).arrayBuffer()));
    onBytes(Math.min(blob.size, at + HASHED_AT_ONCE));
  }
  return hash.digest();
}
