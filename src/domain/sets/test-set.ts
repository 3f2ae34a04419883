import * as v from 'valibot';
import { canonicalJson, sha256Hex } from '../hash';
import { parseJsonWith, parseWith, sitePath } from '../parse';

const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/), v.maxLength(80));
const text = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));

/** Many examples before a question make it long. */
export const MAX_PROMPT_CHARACTERS = 100_000;
export const MAX_CHOICE_CHARACTERS = 2_000;

const singleSpecSchema = v.looseObject({
  /** The id of a grader in `graders/`, or `not-` and an id; one nobody knows is kept and reported as not run. */
  type: text(60),
  /** 0 records the grader without counting it. */
  weight: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1000))),
  /** What it means is up to the grader. */
  threshold: v.optional(v.pipe(v.number(), v.finite())),
  /** Scores of one name are averaged apart. */
  metric: v.optional(text(60)),
  value: v.optional(v.unknown()),
});

const graderSpecSchema = v.looseObject({
  ...singleSpecSchema.entries,
  /** Of an `assert-set`: the graders that it counts as one. */
  assert: v.optional(v.pipe(v.array(singleSpecSchema), v.minLength(1), v.maxLength(32))),
});

export const MAX_IMAGES = 4;
export const MAX_IMAGE_BYTES = 4 * 1024 * 1024;

/** Inside the set, or a file below the site; what every vision engine here can read. */
const imageSchema = v.pipe(
  v.strictObject({
    mediaType: v.picklist(['image/png', 'image/jpeg']),
    base64: v.optional(
      v.pipe(
        v.string(),
        v.minLength(1),
        v.maxLength(Math.ceil(MAX_IMAGE_BYTES / 3) * 4),
        v.base64('expected base64'),
      ),
    ),
    path: v.optional(sitePath),
  }),
  v.check(({ base64, path }) => (base64 === undefined) !== (path === undefined), 'expected base64 or path'),
);

/** JSON of a bounded size. */
const variable = v.pipe(
  v.unknown(),
  v.check(
    (value) => typeof value === 'string' || isSmallJson(value),
    'expected JSON of at most 20000 characters',
  ),
  v.check((value) => typeof value !== 'string' || value.length <= 20_000, 'longer than 20000 characters'),
);

function isSmallJson(value: unknown): boolean {
  // Undefined for what JSON does not have, whatever the type says.
  const json = JSON.stringify(value) as string | undefined;
  return json !== undefined && json.length <= 20_000;
}

const turnSchema = v.strictObject({
  role: v.picklist(['system', 'user', 'assistant']),
  content: v.pipe(v.string(), v.maxLength(20_000)),
});

/** How an answer is asked for, where another tool's set says so. */
export const generationSchema = v.strictObject({
  /** As bare text, without the model's chat template. */
  plain: v.optional(v.literal(true)),
  /** Texts that end the answer and are not part of it, beside the template's own. */
  stop: v.optional(v.pipe(v.array(text(200)), v.maxLength(16))),
  /** In place of the run's own limit. */
  maxTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_096))),
});

export const requestSchema = v.strictObject({
  /** Empty for the likelihood after nothing. */
  context: v.pipe(v.string(), v.maxLength(MAX_PROMPT_CHARACTERS)),
  /** With all that is between them. */
  continuation: text(MAX_PROMPT_CHARACTERS),
});

const caseSchema = v.strictObject({
  id,
  prompt: text(MAX_PROMPT_CHARACTERS),
  /** What was said before the prompt: a system text, which takes the place of the set's, and earlier turns. */
  turns: v.optional(v.pipe(v.array(turnSchema), v.minLength(1), v.maxLength(100))),
  choices: v.optional(v.pipe(v.array(text(MAX_CHOICE_CHARACTERS)), v.minLength(2), v.maxLength(26))),
  generation: v.optional(generationSchema),
  /**
   * What is scored by its likelihood in place of the prompt and the choices after it, where another tool's set says so: one for
   * each choice, or one alone.
   */
  requests: v.optional(v.pipe(v.array(requestSchema), v.minLength(1), v.maxLength(26))),
  /** Shown to the model before the prompt. */
  images: v.optional(v.pipe(v.array(imageSchema), v.minLength(1), v.maxLength(MAX_IMAGES))),
  graders: v.pipe(v.array(graderSpecSchema), v.minLength(1), v.maxLength(32)),
  /** With it, the weighted mean of the graders' scores decides, not each of them. */
  threshold: v.optional(v.pipe(v.number(), v.finite())),
  /** What the prompt was made of, for graders that are scripts. */
  variables: v.optional(v.record(text(80), variable)),
  tags: v.optional(v.pipe(v.array(text(60)), v.maxLength(32)), []),
  /** Cases of one group vary one item; statistics treat them as one cluster. */
  group: v.optional(id),
  /** Why the right answer is right, for the reader. */
  explanation: v.optional(text(4_000)),
});

const testSetSchema = v.strictObject({
  id,
  title: text(200),
  description: v.optional(text(2_000)),
  language: v.pipe(v.string(), v.regex(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/), v.maxLength(20)),
  licence: text(200),
  source: v.optional(text(400)),
  system: v.optional(text(8_000)),
  cases: v.pipe(
    v.array(caseSchema),
    v.minLength(1),
    v.maxLength(20_000),
    v.check((cases) => new Set(cases.map((each) => each.id)).size === cases.length, 'case ids repeat'),
  ),
});

export type GraderSpec = v.InferOutput<typeof graderSpecSchema>;
export type CaseImage = v.InferOutput<typeof imageSchema>;
export type Generation = v.InferOutput<typeof generationSchema>;
export type Turn = v.InferOutput<typeof turnSchema>;
export type Case = v.InferOutput<typeof caseSchema>;
export type TestSet = v.InferOutput<typeof testSetSchema>;

/** @throws FaultError `bad-input` */
export function parseTestSet(input: unknown): TestSet {
  return parseWith(testSetSchema, input, 'test set');
}

/** @throws FaultError `bad-input` */
export function parseTestSetJson(json: string): TestSet {
  return parseJsonWith(testSetSchema, json, 'test set');
}

/** SHA-256 of the set's canonical JSON: equal for equal content, whatever the order of keys. */
export function hashTestSet(set: TestSet): Promise<string> {
  return sha256Hex(new TextEncoder().encode(canonicalJson(set)));
}
