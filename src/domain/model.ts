import * as v from 'valibot';
import { parseWith } from './parse';

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'));
const positiveInteger = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const shortText = v.pipe(v.string(), v.minLength(1), v.maxLength(400));
const slug = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/), v.maxLength(80));
/** A path below the site, never a way out of it. */
const sitePath = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/),
  v.check((path) => !path.split('/').includes('..'), 'must not contain ..'),
);

const promptTemplateSchema = v.strictObject({
  kind: v.literal('jinja'),
  /** Jinja source, as in the `tokenizer.chat_template` of the model's own files. */
  source: v.pipe(v.string(), v.minLength(1), v.maxLength(100_000)),
  bosToken: v.optional(v.string(), ''),
  eosToken: v.optional(v.string(), ''),
  /** Strings that end an answer besides the end-of-generation tokens. */
  stop: v.optional(v.array(shortText), []),
});

/** One file as the catalog names it; `manifest` lists ready-made shards below `static-models/`. */
const modelFileSchema = v.strictObject({
  name: shortText,
  bytes: positiveInteger,
  sha256,
  manifest: sitePath,
});

const artifactSchema = v.strictObject({
  id: slug,
  format: v.picklist(['gguf', 'mlc', 'onnx']),
  quantization: shortText,
  contextTokens: positiveInteger,
  files: v.pipe(v.array(modelFileSchema), v.minLength(1), v.maxLength(64)),
});

const modelSchema = v.strictObject({
  id: slug,
  name: shortText,
  family: shortText,
  parameters: positiveInteger,
  licence: shortText,
  source: v.pipe(v.string(), v.url(), v.startsWith('https://')),
  bundled: v.optional(v.boolean(), false),
  template: promptTemplateSchema,
  artifacts: v.pipe(v.array(artifactSchema), v.minLength(1)),
});

const fileManifestSchema = v.strictObject({
  name: shortText,
  bytes: positiveInteger,
  sha256,
  shardBytes: positiveInteger,
  shards: v.pipe(
    v.array(v.strictObject({ path: sitePath, bytes: positiveInteger, sha256 })),
    v.minLength(1),
    v.maxLength(4096),
  ),
});

export type PromptTemplate = v.InferOutput<typeof promptTemplateSchema>;
export type ModelFile = v.InferOutput<typeof modelFileSchema>;
export type Artifact = v.InferOutput<typeof artifactSchema>;
export type Model = v.InferOutput<typeof modelSchema>;
export type FileManifest = v.InferOutput<typeof fileManifestSchema>;

/** One catalog row. @throws FaultError `bad-input` */
export function parseModel(input: unknown): Model {
  return parseWith(modelSchema, input, 'model');
}

/**
 * The list of ready-made shards of one file. Shards are equal fixed-size byte ranges in file order, the last may be shorter.
 * @throws FaultError `bad-input`, also when the sizes do not add up
 */
export function parseFileManifest(input: unknown): FileManifest {
  return parseWith(
    v.pipe(
      fileManifestSchema,
      v.check(
        ({ bytes, shardBytes, shards }) =>
          shards.length === Math.ceil(bytes / shardBytes) &&
          shards.every((shard, index) => shard.bytes === Math.min(shardBytes, bytes - index * shardBytes)),
        'the shard sizes do not add up to the file',
      ),
    ),
    input,
    'file manifest',
  );
}

/** Bytes to download for an artifact. */
export function sumArtifactBytes(artifact: Artifact): number {
  return artifact.files.reduce((sum, file) => sum + file.bytes, 0);
}
