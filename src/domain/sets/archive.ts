import { Unzip, UnzipInflate, type UnzipFile } from 'fflate';
import { badInput, type FaultError } from '../fault';
import type { SourceFile } from '../formats/source-files';
import { isReadable, MAX_FILE_COUNT } from './given-files';

const WHAT = 'archive';
/** Of the archive as it is, and of all the texts in it. */
export const MAX_ARCHIVE_BYTES = 64 * 1024 * 1024;
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** No text of a set shrinks to less than this part of itself; small files may. */
const MAX_RATIO = 200;
const RATIO_FROM_BYTES = 4 * 1024 * 1024;
/** Deflate grows at most a thousandfold, so that one step of unpacking stays small. */
const STEP_BYTES = 16 * 1024;

/**
 * The texts of a ZIP archive by their paths, in its order. What a set does not refer to is left packed: pictures,
 * programs, hidden folders.
 * @throws FaultError `bad-input` for one that cannot be read, is too large, or has a path that leads out of it
 */
export function unpackArchive(bytes: Uint8Array, maxTextBytes = MAX_TEXT_BYTES): readonly SourceFile[] {
  if (bytes.length > MAX_ARCHIVE_BYTES) throw badInput(WHAT, 'more than 64 MB');
  const files: SourceFile[] = [];
  let entries = 0;
  let unpackedBytes = 0;
  let readBytes = 0;
  // What is thrown while a file is unpacked comes back as that file's error.
  let refusal: FaultError | undefined;
  const refuse = (detail: string): never => {
    refusal ??= badInput(WHAT, detail);
    throw refusal;
  };
  const collect = (file: UnzipFile) => {
    const parts: Uint8Array[] = [];
    file.ondata = (error, data, isFinal) => {
      if (error !== null) refuse(`${file.name.slice(0, 80)} is damaged or encrypted`);
      unpackedBytes += data.length;
      if (unpackedBytes > maxTextBytes) refuse('more than 64 MB of text');
      if (unpackedBytes > RATIO_FROM_BYTES && unpackedBytes > readBytes * MAX_RATIO) {
        refuse('it unpacks to far more than a text can');
      }
      parts.push(data);
      if (!isFinal) return;
      const text = decodeText(parts);
      if (text !== undefined) files.push({ path: file.name, text });
      if (files.length > MAX_FILE_COUNT) refuse(`more than ${MAX_FILE_COUNT} files`);
    };
    file.start();
  };
  const unzip = new Unzip((file) => {
    if (++entries > MAX_ENTRIES) refuse(`more than ${MAX_ENTRIES} entries`);
    if (leadsOut(file.name)) refuse(`a path leads out of it (${file.name.slice(0, 80)})`);
    if (!file.name.endsWith('/') && isReadable(file.name)) collect(file);
  });
  unzip.register(UnzipInflate);
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw badInput(WHAT, 'it is no ZIP file');
  try {
    for (let at = 0; at < bytes.length; at += STEP_BYTES) {
      readBytes = Math.min(bytes.length, at + STEP_BYTES);
      unzip.push(bytes.subarray(at, readBytes), readBytes === bytes.length);
    }
  } catch (error) {
    throw refusal ?? badInput(WHAT, error instanceof Error ? error.message : 'it is damaged');
  }
  if (files.length === 0) throw badInput(WHAT, 'no file in it is a text of a set');
  return files;
}

function leadsOut(name: string): boolean {
  return /^[\\/]|^[A-Za-z]:|(?:^|[\\/])\.\.(?:[\\/]|$)|\0/.test(name);
}

/** Undefined for what is no text. */
function decodeText(parts: readonly Uint8Array[]): string | undefined {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(whole);
  } catch {
    return undefined;
  }
}
