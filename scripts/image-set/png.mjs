// Writes PNG files (https://www.w3.org/TR/png-3/): 8 bits of red, green and blue, no interlacing, no filters.
import { crc32, deflateSync } from 'node:zlib';

/** @typedef {{ readonly width: number, readonly height: number, readonly pixels: Uint8Array }} Picture pixels: RGB, by rows */

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const BITS = 8;
const TRUE_COLOUR = 2;

/** @param {string} type @param {Uint8Array} data */
function encodeChunk(type, data) {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

/** The rows as a PNG holds them before compression: each after its filter, which is none. @param {Picture} picture */
export function listRows({ width, height, pixels }) {
  const rows = new Uint8Array(height * (1 + width * 3));
  for (let y = 0; y < height; y++)
    rows.set(pixels.subarray(y * width * 3, (y + 1) * width * 3), y * (1 + width * 3) + 1);
  return rows;
}

/** @param {Picture} picture */
export function encodePng(picture) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(picture.width, 0);
  header.writeUInt32BE(picture.height, 4);
  header[8] = BITS;
  header[9] = TRUE_COLOUR;
  return Buffer.concat([
    SIGNATURE,
    encodeChunk('IHDR', header),
    encodeChunk('IDAT', deflateSync(listRows(picture), { level: 9 })),
    encodeChunk('IEND', Buffer.alloc(0)),
  ]);
}
