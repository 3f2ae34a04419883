import type { ChatImage } from '../../domain/engine/engine';
import { FaultError, throwIfStopped, toFault } from '../../domain/fault';
import { MAX_IMAGE_BYTES, type CaseImage } from '../../domain/sets/test-set';

/** The bytes of a case's image: from the set itself, or from below the site. @throws FaultError `download` or `stopped` */
export async function loadImage(image: CaseImage, siteUrl: URL, signal: AbortSignal): Promise<ChatImage> {
  const { mediaType, base64, path } = image;
  if (base64 !== undefined) {
    return { mediaType, bytes: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)) };
  }
  const url = new URL(path ?? '', siteUrl).href;
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await fetch(url, { signal });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throwIfStopped(signal);
    const fault = toFault(error);
    const detail = 'detail' in fault ? fault.detail : fault.kind;
    throw new FaultError({ kind: 'download', url, detail }, { cause: error });
  }
  if (!response.ok) {
    throw new FaultError({
      kind: 'download',
      url,
      status: response.status,
      detail: `HTTP ${response.status}`,
    });
  }
  if (bytes.length > MAX_IMAGE_BYTES) {
    throw new FaultError({
      kind: 'download',
      url,
      detail: `${bytes.length} bytes are too many for an image`,
    });
  }
  return { mediaType, bytes };
}
