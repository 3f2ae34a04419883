import { badInput } from '../../domain/fault';
import { MAX_IMAGE_BYTES } from '../../domain/sets/test-set';

/** An image as messages and test cases hold it. */
export interface ReadImage {
  readonly mediaType: 'image/png' | 'image/jpeg';
  readonly base64: string;
}

/** A decoded image, upright. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Drawn in that size on white. @throws where the browser will not give the pixels out */
  encode(mediaType: ReadImage['mediaType'], width: number, height: number): Promise<Blob>;
  close(): void;
}

/** @throws where the browser cannot decode it */
export type OpenPicture = (file: Blob) => Promise<Picture>;

/** A file larger than this is no image for a model. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** Of a picture's longer side, in pixels: vision models see less than this. */
const MAX_SIDE = 2048;
/** Decoded they take four bytes each. */
const MAX_PIXELS = 100e6;
/** Where metadata stands in a file. */
const HEAD_BYTES = 64 * 1024;

/**
 * Makes of any image that the browser can show what every vision engine here can read. A PNG or JPEG file is taken as it
 * is where that shows the same everywhere; others are drawn anew, and large ones made smaller.
 * @throws FaultError `bad-input` of `image`
 */
export async function readImage(file: Blob, open: OpenPicture = openPicture): Promise<ReadImage> {
  if (file.size > MAX_FILE_BYTES) throw badInput('image', 'the file has more than 64 MB');
  const bytes = new Uint8Array(await file.arrayBuffer());
  const mediaType = sniffType(bytes);
  let picture: Picture;
  try {
    picture = await open(new Blob([bytes], { type: mediaType ?? file.type }));
  } catch (error) {
    throw badInput('image', error instanceof Error ? error.message : String(error));
  }
  try {
    const { width, height } = picture;
    const isSmall = Math.max(width, height) <= MAX_SIDE && bytes.length <= MAX_IMAGE_BYTES;
    if (mediaType !== undefined && isSmall && !needsDrawing(bytes, mediaType)) {
      return { mediaType, base64: encodeBase64(bytes) };
    }
    return await draw(picture, mediaType ?? 'image/png');
  } finally {
    picture.close();
  }
}

/** By its first bytes; what a file is called says little. */
function sniffType(bytes: Uint8Array): ReadImage['mediaType'] | undefined {
  const starts = (...signature: readonly number[]) => signature.every((byte, at) => bytes[at] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  return starts(0xff, 0xd8, 0xff) ? 'image/jpeg' : undefined;
}

/**
 * Engines drop transparency, showing whatever colour lies under it, and know nothing of a photo's Exif data: which side
 * is up, and, not for a link, where and when it was taken.
 */
function needsDrawing(bytes: Uint8Array, mediaType: ReadImage['mediaType']): boolean {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, HEAD_BYTES));
  if (mediaType === 'image/jpeg') return head.includes('Exif\0');
  // The colour type in IHDR, with 4 for an alpha channel: https://www.w3.org/TR/png-3/#11IHDR
  const hasAlpha = ((bytes[25] ?? 0) & 4) !== 0;
  return hasAlpha || head.includes('tRNS') || head.includes('eXIf');
}

/** As PNG if that is small enough, else as JPEG, ever smaller until it is. */
async function draw(picture: Picture, preferred: ReadImage['mediaType']): Promise<ReadImage> {
  const longer = Math.max(picture.width, picture.height);
  for (let side = Math.min(longer, MAX_SIDE); side >= 1; side /= 2) {
    const width = Math.max(1, Math.round((picture.width * side) / longer));
    const height = Math.max(1, Math.round((picture.height * side) / longer));
    for (const mediaType of new Set([preferred, 'image/jpeg'] as const)) {
      let drawn: Blob;
      try {
        drawn = await picture.encode(mediaType, width, height);
      } catch (error) {
        throw badInput('image', error instanceof Error ? error.message : String(error));
      }
      if (drawn.size <= MAX_IMAGE_BYTES) {
        return { mediaType, base64: encodeBase64(new Uint8Array(await drawn.arrayBuffer())) };
      }
    }
  }
  throw badInput('image', 'it cannot be made small enough');
}

function encodeBase64(bytes: Uint8Array): string {
  const PIECE = 0x2000;
  let binary = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  }
  return btoa(binary);
}

/** By an `img` element, which shows SVG too and turns photos upright. */
async function openPicture(file: Blob): Promise<Picture> {
  const url = URL.createObjectURL(file);
  const image = new Image();
  const close = () => URL.revokeObjectURL(url);
  try {
    await new Promise<void>((resolve, reject) => {
      image.onload = () => resolve();
      image.onerror = () => reject(new Error('the browser cannot read it as an image'));
      image.src = url;
    });
    const { naturalWidth: width, naturalHeight: height } = image;
    // An SVG may have no size of its own.
    if (width === 0 || height === 0) throw new Error('it has no size');
    if (width * height > MAX_PIXELS) throw new Error('it has too many pixels');
    await image.decode().catch(() => {
      throw new Error('the file is damaged');
    });
    return { width, height, encode: (...how) => drawOnCanvas(image, ...how), close };
  } catch (error) {
    close();
    throw error;
  }
}

async function drawOnCanvas(
  image: HTMLImageElement,
  mediaType: string,
  width: number,
  height: number,
): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the browser gave no canvas');
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, width, height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob?.type === mediaType) resolve(blob);
        else reject(new Error('the browser could not encode it'));
      },
      mediaType,
      0.9,
    );
  });
}
