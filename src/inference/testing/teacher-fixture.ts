import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** What native llama.cpp predicts after every token of a text of 512 tokens, with the text given (teacher forcing). */
interface TeacherModel {
  /** The greatest logit's token per position. */
  readonly best: readonly number[];
  /** The same from llama.cpp with these weights as 32-bit floats: where it differs from `best`, llama.cpp is off. */
  readonly exact: readonly number[];
  /** How far the greatest logit is above the second: a small one is a near-tie that rounding may turn. */
  readonly gap: Float32Array;
  /** Log of the sum of the exponentials of all logits. */
  readonly logSum: Float32Array;
  /** Logits of `probeIds` at every `probeStep`-th position, one row after another. */
  readonly probes: Float32Array;
}

interface TeacherFixture {
  readonly ids: readonly number[];
  readonly probeIds: readonly number[];
  readonly probeStep: number;
  readonly models: Readonly<Record<'Q4_1' | 'Q8_0', TeacherModel>>;
}

interface PackedModel {
  readonly best: readonly number[];
  readonly exact: readonly number[];
  readonly gap: string;
  readonly logSum: string;
  readonly probes: string;
}

function unpack(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

function unpackModel({ best, exact, gap, logSum, probes }: PackedModel): TeacherModel {
  return { best, exact, gap: unpack(gap), logSum: unpack(logSum), probes: unpack(probes) };
}

/** Made by bench/fixture-teacher.mjs with SmolLM2-135M-Instruct. */
export function readTeacherFixture(): TeacherFixture {
  const path = new URL('../fixtures/teacher.json.gz', import.meta.url);
  const { models, ...rest } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Omit<
    TeacherFixture,
    'models'
  > & { readonly models: Readonly<Record<'Q4_1' | 'Q8_0', PackedModel>> };
  return { ...rest, models: { Q4_1: unpackModel(models.Q4_1), Q8_0: unpackModel(models.Q8_0) } };
}
