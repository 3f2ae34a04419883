// Draws the pictures of the bundled image set and writes its questions, in English and Russian:
//   node scripts/draw-image-set.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { buildImageSet } from './image-set/cases.mjs';
import { encodePng } from './image-set/png.mjs';
import { drawScene } from './image-set/raster.mjs';
import { SCENES } from './image-set/scenes.mjs';

const SETS = join(import.meta.dirname, '../public/sets');

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(join(SETS, 'images'), { recursive: true });
  let bytes = 0;
  for (const [id, { things }] of Object.entries(SCENES)) {
    const png = encodePng(drawScene(things));
    bytes += png.length;
    writeFileSync(join(SETS, 'images', `${id}.png`), png);
  }
  for (const language of /** @type {const} */ (['en', 'ru'])) {
    const path = join(SETS, `images-${language}.json`);
    const json = JSON.stringify(buildImageSet(language));
    writeFileSync(path, await format(json, { ...(await resolveConfig(path)), parser: 'json' }));
  }
  console.log(`${Object.keys(SCENES).length} pictures, ${bytes} bytes`);
}
