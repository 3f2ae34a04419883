import { describe, expect, test } from 'vitest';
import { MAX_IMAGE_BYTES } from '../../domain/sets/test-set';
import { readImage, type OpenPicture } from './read-image';

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** As far as the colour type in IHDR: 2 is RGB, 6 has an alpha channel. */
const png = (colourType: number, rest = '') =>
  new Uint8Array([...PNG, ...Array<number>(17).fill(0), colourType, ...Buffer.from(rest)]);
const jpeg = (rest = '') => new Uint8Array([0xff, 0xd8, 0xff, 0xe0, ...Buffer.from(rest)]);

interface Drawn {
  readonly mediaType: string;
  readonly width: number;
  readonly height: number;
}

/** A browser that draws files of so many bytes for each pixel, by their type. */
function fakePictures(width: number, height: number, bytesPerPixel = { png: 0, jpeg: 0 }) {
  const drawn: Drawn[] = [];
  let open = 0;
  const openPicture: OpenPicture = () => {
    open++;
    return Promise.resolve({
      width,
      height,
      encode: (mediaType, toWidth, toHeight) => {
        drawn.push({ mediaType, width: toWidth, height: toHeight });
        const rate = mediaType === 'image/png' ? bytesPerPixel.png : bytesPerPixel.jpeg;
        return Promise.resolve(new Blob([new Uint8Array(Math.ceil(toWidth * toHeight * rate))]));
      },
      close: () => {
        open--;
      },
    });
  };
  return { openPicture, drawn, countOpen: () => open };
}

const read = (bytes: Uint8Array<ArrayBuffer>, { openPicture }: { openPicture: OpenPicture }) =>
  readImage(new Blob([bytes]), openPicture);

describe('what is taken as it is', () => {
  test.each([
    ['image/png', png(2)],
    ['image/jpeg', jpeg('JFIF')],
  ])('a small opaque %s', async (mediaType, bytes) => {
    const pictures = fakePictures(640, 480);
    const image = await read(bytes, pictures);
    expect(image).toEqual({ mediaType, base64: Buffer.from(bytes).toString('base64') });
    expect(pictures.drawn).toEqual([]);
    expect(pictures.countOpen()).toBe(0);
  });

  test('bytes of any length come through base64', async () => {
    const bytes = new Uint8Array([...png(2), ...Array.from({ length: 20_001 }, (_, at) => at % 256)]);
    const { base64 } = await read(bytes, fakePictures(10, 10));
    expect(Buffer.from(base64, 'base64').equals(Buffer.from(bytes))).toBe(true);
  });
});

describe('what is drawn anew', () => {
  test.each([
    ['an alpha channel', png(6), 'image/png'],
    ['a transparent palette', png(3, 'tRNS'), 'image/png'],
    ['Exif data in a photo', jpeg('\0\u0010Exif\0\0'), 'image/jpeg'],
    ['another format', new Uint8Array(Buffer.from('<svg/>')), 'image/png'],
  ])('%s', async (_, bytes, mediaType) => {
    const pictures = fakePictures(640, 480);
    expect((await read(bytes, pictures)).mediaType).toBe(mediaType);
    expect(pictures.drawn).toEqual([{ mediaType, width: 640, height: 480 }]);
    expect(pictures.countOpen()).toBe(0);
  });

  test('a large picture, with its shape kept', async () => {
    const pictures = fakePictures(6000, 3000);
    await read(jpeg(), pictures);
    expect(pictures.drawn).toEqual([{ mediaType: 'image/jpeg', width: 2048, height: 1024 }]);
  });

  test('a thin one keeps at least a pixel', async () => {
    const pictures = fakePictures(100_000, 3);
    await read(png(2), pictures);
    expect(pictures.drawn[0]).toMatchObject({ width: 2048, height: 1 });
  });

  test('as JPEG where PNG is too large, and smaller where that is', async () => {
    const pictures = fakePictures(2048, 2048, { png: 3, jpeg: 2 });
    const { mediaType, base64 } = await read(png(6), pictures);
    expect(mediaType).toBe('image/png');
    expect(pictures.drawn.map(({ mediaType: type, width }) => `${type} ${width}`)).toEqual([
      'image/png 2048',
      'image/jpeg 2048',
      'image/png 1024',
    ]);
    expect((base64.length / 4) * 3).toBeLessThanOrEqual(MAX_IMAGE_BYTES + 3);
  });
});

describe('what is refused', () => {
  const refused = (detail: RegExp | string) => ({
    fault: { kind: 'bad-input', what: 'image', detail: expect.stringMatching(detail) as string },
  });

  test('what the browser cannot decode', async () => {
    const open: OpenPicture = () => Promise.reject(new Error('the file is damaged'));
    await expect(readImage(new Blob(['x']), open)).rejects.toMatchObject(refused(/damaged/));
  });

  test('a picture whose pixels the browser keeps, and it is closed', async () => {
    let closed = false;
    const open: OpenPicture = () =>
      Promise.resolve({
        width: 1,
        height: 1,
        encode: () => Promise.reject(new DOMException('tainted', 'SecurityError')),
        close: () => {
          closed = true;
        },
      });
    await expect(readImage(new Blob(['<svg/>']), open)).rejects.toMatchObject(refused('tainted'));
    expect(closed).toBe(true);
  });

  test('a huge file, before it is read', async () => {
    const huge = { size: 65 * 1024 * 1024 } as Blob;
    await expect(readImage(huge)).rejects.toMatchObject(refused('64 MB'));
  });

  test('one that never gets small enough', async () => {
    const pictures = fakePictures(4, 4, { png: 1e9, jpeg: 1e9 });
    const open: OpenPicture = async (file) => ({
      ...(await pictures.openPicture(file)),
      encode: () => Promise.resolve({ size: MAX_IMAGE_BYTES + 1 } as Blob),
    });
    await expect(readImage(new Blob(['x']), open)).rejects.toMatchObject(refused('small enough'));
  });
});
