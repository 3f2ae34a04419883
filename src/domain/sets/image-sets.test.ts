import { readdirSync, readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildImageSet } from '../../../scripts/image-set/cases.mjs';
import { encodePng, listRows } from '../../../scripts/image-set/png.mjs';
import { drawScene, findThing, SIDE } from '../../../scripts/image-set/raster.mjs';
import { SCENES } from '../../../scripts/image-set/scenes.mjs';
import { parseTestSetJson } from './test-set';
import { readBundledSet, readTriedAnswers, testAnsweredCases } from './testing/answered-set';

const answers = readTriedAnswers('image-sets.answers.json');
const site = new URL('../../../public/', import.meta.url);

/** The chunks of a PNG by type; of each type our files have one. */
function readChunks(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return chunks;
}

describe('the pictures', () => {
  const folder = new URL('sets/images/', site);
  const files = readdirSync(folder);

  it('are those of the scenes, and small', () => {
    expect(files.sort()).toEqual(
      Object.keys(SCENES)
        .map((id) => `${id}.png`)
        .sort(),
    );
    const bytes = files.reduce((sum, file) => sum + readFileSync(new URL(file, folder)).length, 0);
    expect(bytes).toBeLessThan(150_000);
  });

  // Their pixels, not their bytes: another version of zlib packs the same rows into other bytes.
  it.each(Object.entries(SCENES))('%s is what its scene gives', (id, { things }) => {
    const stored = readChunks(readFileSync(new URL(`${id}.png`, folder)));
    const picture = drawScene(things);
    const drawn = readChunks(encodePng(picture));
    expect([...stored.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
    expect(stored.get('IHDR')).toEqual(drawn.get('IHDR'));
    expect(inflateSync(stored.get('IDAT') ?? '').equals(listRows(picture))).toBe(true);
  });

  it('show everything that is in them, and nothing cut off by an edge', () => {
    const places = Array.from({ length: SIDE }, (_, at) => at + 0.5);
    for (const [id, { things }] of Object.entries(SCENES)) {
      const seen = new Set(places.flatMap((y) => places.map((x) => findThing(things, x, y))));
      for (const [index, thing] of things.entries()) expect(seen.has(thing), `${id} ${index}`).toBe(true);
      const edges = [places[0] ?? 0, places.at(-1) ?? 0];
      for (const edge of edges)
        for (const at of places)
          expect(findThing(things, edge, at) ?? findThing(things, at, edge), id).toBeUndefined();
    }
  });
});

describe('the gold answers', () => {
  // Once more, by eye.
  it('are what a person sees', () => {
    expect(Object.fromEntries(Object.entries(SCENES).map(([id, { answer }]) => [id, answer]))).toEqual({
      'counting-1': 5,
      'counting-2': 4,
      'counting-3': 7,
      'counting-4': 3,
      'position-1': 'square',
      'position-2': 'above',
      'position-3': 'star',
      'position-4': 'bottom left',
      'containment-1': 'triangle',
      'size-1': 'green',
      'size-2': 'red',
      'reading-1': 'LANTERN',
      'reading-2': 4827,
      'reading-3': 'STONE',
      'reading-4': 42,
      'odd-one-out-1': 'triangle',
      'odd-one-out-2': 'purple',
      'chart-1': 3,
      'chart-2': 3,
      'clock-1': 3,
      'clock-2': 20,
      'arrow-1': 'left',
      'arrow-2': 5,
      'false-premise-1': 'none',
      'false-premise-2': 'none',
    });
  });
});

describe.each(['en', 'ru'] as const)('images-%s', (language) => {
  const set = readBundledSet(`images-${language}`);

  it('is what the script writes', () => {
    expect(set).toEqual(parseTestSetJson(JSON.stringify(buildImageSet(language))));
  });

  it('has one picture for each case', () => {
    for (const each of set.cases)
      expect(each.images, each.id).toEqual([{ mediaType: 'image/png', path: `sets/images/${each.id}.png` }]);
  });

  // What a model says that did not get to see the picture.
  testAnsweredCases(set, set.cases, answers, ['I cannot see any image.', 'Я не вижу изображения.']);
});
