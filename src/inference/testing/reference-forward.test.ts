import { expect, test } from 'vitest';
import { parseGguf } from '../gguf/parse';
import { bytesSource } from '../gguf/source';
import { readLogitsFixture, relativeError } from './logits-fixture';
import { createRandomModel, KEPT_POSITIONS, RANDOM_PROMPT } from './random-model.mjs';
import { RANDOM_MODELS } from './random-models.mjs';
import { readReferenceShape } from './reference-shape';
import { computeReferenceLogits } from './reference-forward.mjs';

const fixture = readLogitsFixture();

// llama.cpp rounds activations to 8 bits for quantised matrices and to half floats for half-float ones.
const TOLERANCES: Record<string, number> = { F32: 1e-5, F16: 2e-3, BF16: 2e-2 };
/** llama.cpp looks GELU up in a table of half floats. */
const GELU_TOLERANCE = 5e-4;

test.each(Object.entries(RANDOM_MODELS))('the reference agrees with llama.cpp: %s', async (name, options) => {
  const bytes = createRandomModel(options);
  const { metadata, tensors } = await parseGguf([bytesSource(bytes)]);
  const shape = readReferenceShape(metadata);
  const logits = computeReferenceLogits(
    tensors.map((tensor) => ({ ...tensor, data: bytes.slice(tensor.offset, tensor.offset + tensor.bytes) })),
    shape,
    RANDOM_PROMPT,
  );
  const native = fixture.get(name) ?? [];
  expect(native.length).toBe(KEPT_POSITIONS.length);
  for (const [at, position] of KEPT_POSITIONS.entries()) {
    const error = relativeError(logits[position] ?? [], native[at] ?? []);
    const tolerance = TOLERANCES[options.type ?? 'F32'] ?? 6e-2;
    expect(error).toBeLessThan(shape.gelu ? Math.max(tolerance, GELU_TOLERANCE) : tolerance);
  }
});
