import * as v from 'valibot';

/** promptfoo accepts anything here; what is no text, number or truth value becomes JSON. */
const variablesSchema = v.record(v.string(), v.unknown());
export const assertionSchema = v.looseObject({ type: v.pipe(v.string(), v.minLength(1), v.maxLength(60)) });
const optionsSchema = v.looseObject({ prefix: v.optional(v.string()), suffix: v.optional(v.string()) });

/** One test of promptfoo, as its configuration or a row of its CSV holds it. */
export const testSchema = v.looseObject({
  description: v.optional(v.string()),
  vars: v.optional(variablesSchema),
  assert: v.optional(v.array(assertionSchema)),
  options: v.optional(optionsSchema),
  metadata: v.optional(v.record(v.string(), v.unknown())),
  threshold: v.optional(v.number()),
});
export type PromptfooTest = v.InferOutput<typeof testSchema>;
