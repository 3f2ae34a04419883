import { badInput } from '../fault';

/** Far above any link made here, far below what would trouble a browser. */
const MAX_LINK_CHARACTERS = 64 * 1024;
export const MAX_INFLATED_BYTES = 512 * 1024;
/** Chat programs and mail cut longer links. */
export const TARGET_CHARACTERS = 8_000;

/**
 * Plain data as link text: JSON, gzip (RFC 1952, whose CRC-32 finds a mangled link), base64url without padding, for
 * the URL fragment, which browsers never send to a host.
 */
export async function encodeLinkText(data: unknown): Promise<string> {
  const json = new Blob([JSON.stringify(data)]);
  const zipped = new Response(json.stream().pipeThrough(new CompressionStream('gzip')));
  return toBase64Url(new Uint8Array(await zipped.arrayBuffer()));
}

/**
 * The JSON text of a link. Input is hostile: its length and its inflated size are bounded; what the JSON says is for
 * the caller's schema to check.
 * @throws FaultError `bad-input`
 */
export async function decodeLinkText(payload: string): Promise<string> {
  if (payload.length > MAX_LINK_CHARACTERS) throw badInput('link', 'longer than any link made here');
  if (!/^[A-Za-z0-9_-]+$/.test(payload)) throw badInput('link', 'contains characters that no link has');
  return await inflate(fromBase64Url(payload));
}

async function inflate(zipped: Uint8Array<ArrayBuffer>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let json = '';
  let bytes = 0;
  try {
    const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return json + decoder.decode();
      bytes += value.byteLength;
      if (bytes > MAX_INFLATED_BYTES) {
        // Not awaited: a stream of a gigabyte is dropped, not drained.
        void reader.cancel().catch(() => undefined);
        break;
      }
      json += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    throw badInput('link', error instanceof Error ? error.message : 'cannot be unpacked');
  }
  throw badInput('link', 'unpacks to more than any link made here');
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  // Padding is dropped: some chat programs end a link at "=".
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function fromBase64Url(text64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text64.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
      character.charCodeAt(0),
    );
  } catch (error) {
    throw badInput('link', error instanceof Error ? error.message : 'not base64url');
  }
}
