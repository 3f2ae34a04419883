import * as v from 'valibot';
import { parseWith, sitePath } from '../parse';
import { FORMAT_FACTS, FORMATS } from './formats';

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits'));
const positiveInteger = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const shortText = v.pipe(v.string(), v.minLength(1), v.maxLength(400));
const slug = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]*$/), v.maxLength(80));
const promptTemplateSchema = v.strictObject({
  kind: v.literal('jinja'),
  /** Jinja source, as in the `tokenizer.chat_template` of the model's own files. */
  source: v.pipe(v.string(), v.minLength(1), v.maxLength(100_000)),
  bosToken: v.optional(v.string(), ''),
  eosToken: v.optional(v.string(), ''),
  /** Strings that end an answer besides the end-of-generation tokens. */
  stop: v.optional(v.array(shortText), []),
});

const httpsUrl = v.pipe(v.string(), v.url(), v.startsWith('https://'), v.maxLength(2_000));
/** Or on this very machine, where a person serves files of their own. */
const fileUrl = v.pipe(
  v.string(),
  v.url(),
  v.regex(/^(https:|http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/])/, 'expected https, or this machine'),
  v.maxLength(2_000),
);

/** What a LoRA adapter's scale may be, either way: 1 is what it was trained for, beyond a few a model only babbles. */
export const MAX_LORA_SCALE = 10;

/** One file of an artifact, and the one place it comes from. */
export const modelFileSchema = v.pipe(
  v.strictObject({
    name: shortText,
    /** Exact. */
    bytes: v.optional(positiveInteger),
    /** Where no record tells the exact size: good for arithmetic, never for checking a download. */
    approximateBytes: v.optional(positiveInteger),
    /** Of the whole file; where the catalog cannot know it, the host tells (LFS hash) before the download. */
    sha256: v.optional(sha256),
    /** Ready-made shards below `static-models/`. */
    manifest: v.optional(sitePath),
    /** Fetched by ranges. */
    url: v.optional(fileUrl),
    /** A file the person picked: the key under which its handle or its copy is remembered on this device. */
    local: v.optional(shortText),
  }),
  v.check(
    ({ manifest, url, local }) => [manifest, url, local].filter((each) => each !== undefined).length === 1,
    'expected exactly one of manifest, url and local',
  ),
  v.check(
    ({ bytes, approximateBytes, url }) =>
      (bytes === undefined) !== (approximateBytes === undefined) &&
      (bytes !== undefined || url !== undefined),
    'expected bytes, or approximateBytes and a url',
  ),
  v.check(({ manifest, sha256: hash }) => manifest === undefined || hash !== undefined, 'expected a sha256'),
);

/** `owner/name` on the Hugging Face Hub. */
const hubRepo = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/), v.maxLength(140));

const artifactSchema = v.pipe(
  v.strictObject({
    id: slug,
    format: v.picklist(FORMATS),
    quantization: shortText,
    contextTokens: positiveInteger,
    /** Empty for MLC and ONNX weights, which their engine fetches file by file from a repo. */
    files: v.pipe(v.array(modelFileSchema), v.maxLength(256)),
    /** What the engine fetches from the repo, as the host's page rounds it. */
    approximateBytes: v.optional(positiveInteger),
    /** Of the file that the adapters make of the weights: what an engine is given in place of both. */
    mergedBytes: v.optional(positiveInteger),
    /** What goes with the weights: the projector of a vision model, an adapter to merge. */
    companions: v.optional(
      v.pipe(
        v.array(
          v.strictObject({
            kind: v.picklist(['mmproj', 'lora']),
            file: modelFileSchema,
            /** Of a LoRA adapter: 1, the default, is what it was trained for. */
            scale: v.optional(v.pipe(v.number(), v.minValue(-MAX_LORA_SCALE), v.maxValue(MAX_LORA_SCALE))),
          }),
        ),
        v.maxLength(8),
      ),
      [],
    ),
    mlc: v.optional(
      v.strictObject({
        /** The `model_id` of the web-llm record whose compiled library has this model's shape. */
        library: shortText,
        /**
         * Hub repo of the converted weights, or the address of their folder; empty where none is public and a person
         * brings their own conversion.
         */
        repo: v.optional(v.union([v.literal(''), hubRepo, httpsUrl]), ''),
        /** What web-llm says that it needs, in MiB, its working memory at the record's context included. */
        vramMB: v.optional(v.pipe(v.number(), v.minValue(1))),
        requiredFeatures: v.optional(v.array(shortText), []),
      }),
    ),
    onnx: v.optional(
      v.strictObject({
        /** Hub repo that holds `onnx/` beside the tokenizer and the configuration. */
        repo: hubRepo,
        /** The suffix of the file that transformers.js picks by. */
        dtype: v.picklist(['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16']),
      }),
    ),
    /** Names and sizes come from records, not from the host itself. */
    unverified: v.optional(v.boolean(), false),
  }),
  v.check(
    ({ format, mlc, onnx }) =>
      (mlc === undefined || format === 'mlc') && (onnx === undefined || format === 'onnx'),
    'expected mlc and onnx only with the format of that name',
  ),
  v.check(
    ({ files, approximateBytes }) => files.length === 0 || approximateBytes === undefined,
    'expected approximateBytes only without files',
  ),
  v.check(
    ({ format, files, mlc, onnx }) =>
      files.length > 0 || mlc !== undefined || onnx !== undefined || !FORMAT_FACTS[format].hasWeights,
    'expected a file or a repo',
  ),
);

/** Sizes that decide what a context costs. */
const shapeSchema = v.strictObject({
  layers: positiveInteger,
  embedding: positiveInteger,
  keyValueHeads: positiveInteger,
  headSize: positiveInteger,
  vocabulary: positiveInteger,
});

const languageTag = v.pipe(v.string(), v.regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/), v.maxLength(20));

/** A sentence for the reader, in each language of the page. */
const noteSchema = v.strictObject({ en: shortText, ru: shortText });

const modelSchema = v.pipe(
  v.strictObject({
    id: slug,
    name: shortText,
    family: shortText,
    parameters: positiveInteger,
    licence: shortText,
    source: fileUrl,
    bundled: v.optional(v.boolean(), false),
    /** The year in which its weights were published. */
    released: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2017), v.maxValue(2100))),
    /** BCP 47 tags of languages that its card says it was made for; absent where nothing is known. */
    languages: v.optional(v.pipe(v.array(languageTag), v.minLength(1), v.maxLength(40))),
    /** As in `general.architecture` of a GGUF. */
    architecture: v.optional(slug),
    shape: v.optional(shapeSchema),
    /** What the model was tuned for; a base model only continues text. */
    turns: v.optional(v.picklist(['many', 'one', 'base']), 'many'),
    /** Accepts images, with an `mmproj` companion or by its own format. */
    vision: v.optional(v.boolean(), false),
    note: v.optional(noteSchema),
    /** For a model that no browser engine runs: the id of its nearest kin. */
    instead: v.optional(slug),
    template: promptTemplateSchema,
    /** Empty for a model that no browser engine runs. */
    artifacts: v.pipe(v.array(artifactSchema), v.maxLength(32)),
  }),
  v.check(
    ({ artifacts, note }) => artifacts.length > 0 || note !== undefined,
    'expected an artifact or a note',
  ),
);

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

/** Every file of an artifact: weights, then companions. */
export function listFiles(artifact: Artifact): readonly ModelFile[] {
  return [...artifact.files, ...artifact.companions.map(({ file }) => file)];
}

/** Whether a model was made for a language; undefined where nothing is known. @param tag BCP 47 */
export function speaks({ languages }: Model, tag: string): boolean | undefined {
  const [language] = tag.toLowerCase().split('-');
  return languages?.some((each) => each.split('-')[0] === language);
}

/** Whether the model is given what it takes to see images. */
export function hasProjector({ companions }: Artifact): boolean {
  return companions.some(({ kind }) => kind === 'mmproj');
}

/** Bytes to download for an artifact, approximate where a size is; 0 for a repo whose row tells none. */
export function sumArtifactBytes(artifact: Artifact): number {
  return listFiles(artifact).reduce(
    (sum, { bytes, approximateBytes }) => sum + (bytes ?? approximateBytes ?? 0),
    artifact.approximateBytes ?? 0,
  );
}

/** Whether every file lies beside the page itself. */
export function isHosted(artifact: Artifact): boolean {
  return artifact.files.length > 0 && listFiles(artifact).every(({ manifest }) => manifest !== undefined);
}
