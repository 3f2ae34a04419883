import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { KEPT_POSITIONS, VOCABULARY } from './random-model.mjs';

/** Logits of native llama.cpp for `RANDOM_MODELS` after `RANDOM_PROMPT`: one array per position of KEPT_POSITIONS. */
export function readLogitsFixture(): ReadonlyMap<string, readonly Float32Array[]> {
  const path = new URL('../fixtures/logits.json.gz', import.meta.url);
  const { models } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as {
    models: Record<string, string>;
  };
  return new Map(
    Object.entries(models).map(([name, base64]) => {
      const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
      return [
        name,
        KEPT_POSITIONS.map((_, at) => new Float32Array(bytes.buffer, at * VOCABULARY * 4, VOCABULARY)),
      ];
    }),
  );
}

/** Root mean square of the difference over that of what is expected. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let index = 0; index < expected.length; index++) {
    const wanted = expected[index] ?? 0;
    difference += ((actual[index] ?? NaN) - wanted) ** 2;
    size += wanted ** 2;
  }
  return Math.sqrt(difference / size);
}
