import * as v from 'valibot';
import { badInput } from '../../fault';
import { parseWith } from '../../parse';
import { MAX_CASES } from '../limits';
import { testSchema, type PromptfooTest } from '../promptfoo-test';

const WHAT = 'promptfoo';
/** Definitions that name each other. */
const MAX_REFERENCES = 1_000;
const MAX_PARTS = 3_000_000;
const MAX_DEPTH = 60;

const promptSchema = v.union([
  v.string(),
  v.looseObject({ raw: v.optional(v.string()), id: v.optional(v.string()), label: v.optional(v.string()) }),
]);
const testsSchema = v.union([v.string(), v.array(v.union([testSchema, v.string()]))]);
const scenarioSchema = v.looseObject({ config: v.optional(testsSchema), tests: v.optional(testsSchema) });
const configSchema = v.looseObject({
  description: v.optional(v.string()),
  prompts: v.optional(v.union([v.string(), v.array(promptSchema)])),
  tests: v.optional(testsSchema),
  defaultTest: v.optional(v.union([testSchema, v.string()])),
  scenarios: v.optional(v.array(v.union([scenarioSchema, v.string()]))),
  env: v.optional(v.record(v.string(), v.unknown())),
});
type Config = v.InferOutput<typeof configSchema>;

/** Fields of a configuration that have their place here, or mean nothing here. */
const KNOWN_FIELDS = new Set([
  ...['description', 'prompts', 'tests', 'defaultTest', 'scenarios', 'env', 'metadata'],
  // Definitions that others refer to.
  ...['assertionTemplates', '$schema', 'definitions', '$defs'],
]);

export interface SuitePrompt {
  readonly text: string;
  readonly id?: string | undefined;
  readonly label: string;
}

/** A configuration as promptfoo runs it: tests with their defaults, those of scenarios too. */
export interface Suite {
  readonly description?: string | undefined;
  readonly metadata: unknown;
  readonly prompts: readonly SuitePrompt[];
  readonly tests: readonly PromptfooTest[];
  /** What templates know as `env`. */
  readonly env: Readonly<Record<string, unknown>>;
  /** Fields and files that have no place here. */
  readonly unused: readonly string[];
}

/** @throws FaultError `bad-input` */
export function readSuite(data: unknown): Suite {
  const config = parseWith(configSchema, resolveReferences(data), WHAT);
  const unused = new Set(Object.keys(config).filter((name) => !KNOWN_FIELDS.has(name)));
  const prompts = readPrompts(config, unused);
  const defaults = typeof config.defaultTest === 'string' ? undefined : config.defaultTest;
  if (typeof config.defaultTest === 'string') unused.add(`defaultTest: ${config.defaultTest}`);
  const own = readTests(config.tests, 'tests', unused);
  const fromScenarios = readScenarios(config, defaults, unused);
  if (own.length + fromScenarios.length === 0 && unused.size > 0) {
    const file = [...unused].find((name) => name.startsWith('tests: '));
    if (file !== undefined) {
      throw badInput(
        WHAT,
        `the tests are in another file (${file.slice(7, 87)}): import that file instead, or put its tests here`,
      );
    }
  }
  // promptfoo runs each prompt once where there are no tests.
  const tests = own.length === 0 && config.scenarios === undefined && prompts.length > 0 ? [{}] : own;
  return {
    description: config.description,
    metadata: config['metadata'],
    prompts,
    tests: [...tests, ...fromScenarios].map((test) => mergeDefaults(test, defaults)),
    env: config.env ?? {},
    unused: [...unused],
  };
}

function readPrompts(config: Config, unused: Set<string>): readonly SuitePrompt[] {
  const all = [config.prompts ?? []].flat().map((prompt): SuitePrompt => {
    if (typeof prompt === 'string') return { text: prompt, label: prompt };
    const text = prompt.raw ?? prompt.id ?? '';
    return { text, id: prompt.id, label: prompt.label ?? text };
  });
  const isFile = ({ text }: SuitePrompt) =>
    /^(file|exec|package|portkey|langfuse|helicone):|^[^\n{]{1,300}\.(txt|jsonl?|ya?ml|[cm]?[jt]s|py|md|j2|csv)(:\w+)?$/.test(
      text.trim(),
    );
  const [file] = all.filter(isFile);
  const here = all.filter((prompt) => !isFile(prompt));
  if (file !== undefined && here.length === 0) {
    throw badInput(
      WHAT,
      `the prompt is in another file (${file.text.trim().slice(0, 80)}): put its text here`,
    );
  }
  for (const { text } of all.filter(isFile)) unused.add(`prompts: ${text.trim().slice(0, 80)}`);
  return here;
}

function readTests(
  tests: v.InferOutput<typeof testsSchema> | undefined,
  what: string,
  unused: Set<string>,
): readonly PromptfooTest[] {
  return [tests ?? []].flat().flatMap((test) => {
    if (typeof test !== 'string') return [test];
    unused.add(`${what}: ${test.slice(0, 80)}`);
    return [];
  });
}

/** Each set of variables with each test. */
function readScenarios(
  { scenarios = [] }: Config,
  defaults: PromptfooTest | undefined,
  unused: Set<string>,
): readonly PromptfooTest[] {
  const all: PromptfooTest[] = [];
  for (const scenario of scenarios) {
    if (typeof scenario === 'string') {
      unused.add(`scenarios: ${scenario.slice(0, 80)}`);
      continue;
    }
    for (const name of Object.keys(scenario)) {
      if (!['config', 'tests', 'description'].includes(name)) unused.add(`scenarios.${name}`);
    }
    const tests = scenario.tests === undefined ? [{}] : readTests(scenario.tests, 'scenarios.tests', unused);
    for (const data of readTests(scenario.config, 'scenarios.config', unused)) {
      for (const test of tests) {
        if (all.length >= MAX_CASES) throw badInput(WHAT, `more than ${MAX_CASES} cases`);
        all.push(mergeScenario(test, data, defaults));
      }
    }
  }
  return all;
}

function mergeScenario(
  test: PromptfooTest,
  data: PromptfooTest,
  defaults: PromptfooTest | undefined,
): PromptfooTest {
  return {
    ...defaults,
    ...data,
    ...test,
    vars: { ...defaults?.vars, ...data.vars, ...test.vars },
    options: { ...defaults?.options, ...data.options, ...test.options },
    assert: [...(data.assert ?? []), ...(test.assert ?? [])],
    metadata: { ...defaults?.metadata, ...data.metadata, ...test.metadata },
  };
}

function mergeDefaults(test: PromptfooTest, defaults: PromptfooTest | undefined): PromptfooTest {
  if (defaults === undefined) return test;
  const { assert = [] } = defaults;
  const isBare = test.options?.['disableDefaultAsserts'] === true;
  return {
    ...defaults,
    ...test,
    vars: { ...defaults.vars, ...test.vars },
    assert: [...(isBare ? [] : assert), ...(test.assert ?? [])],
    options: { ...defaults.options, ...test.options },
    metadata: { ...defaults.metadata, ...test.metadata },
  };
}

/** Puts what `$ref` names within the file in its place; fields beside it win. @throws FaultError `bad-input` */
function resolveReferences(root: unknown): unknown {
  let references = 0;
  let parts = 0;
  const resolve = (value: unknown, depth: number): unknown => {
    if (++parts > MAX_PARTS) throw badInput(WHAT, 'its references make it too large');
    if (depth > MAX_DEPTH) throw badInput(WHAT, 'it is nested too deeply, or its references name each other');
    if (Array.isArray(value)) return value.map((each: unknown) => resolve(each, depth + 1));
    if (!isObject(value)) return value;
    const { $ref, ...rest } = value;
    const entries = Object.entries($ref === undefined || typeof $ref !== 'string' ? value : rest);
    const own = Object.fromEntries(entries.map(([name, each]) => [name, resolve(each, depth + 1)]));
    if (typeof $ref !== 'string') return own;
    if (++references > MAX_REFERENCES) throw badInput(WHAT, 'too many references');
    const target = resolve(findReference(root, $ref), depth + 1);
    return isObject(target) && entries.length > 0 ? { ...target, ...own } : target;
  };
  return resolve(root, 0);
}

function findReference(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#/')) {
    throw badInput(WHAT, `it refers to another file (${reference.slice(0, 80)}): put that part here`);
  }
  const path = reference
    .slice(2)
    .split('/')
    .map((part) => decodePart(part).replaceAll('~1', '/').replaceAll('~0', '~'));
  let target = root;
  for (const part of path) {
    target =
      typeof target === 'object' && target !== null && Object.hasOwn(target, part)
        ? (target as Record<string, unknown>)[part]
        : undefined;
  }
  if (target === undefined)
    throw badInput(WHAT, `it refers to ${reference.slice(0, 80)}, which is not there`);
  return target;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a test asks this prompt: by its label or id, or what they begin with. */
export function isAskedWith(test: PromptfooTest, { id, label }: SuitePrompt): boolean {
  const { prompts } = test;
  if (!Array.isArray(prompts)) return true;
  return prompts.some((wanted: unknown) => {
    if (typeof wanted !== 'string') return false;
    const names = [label, ...(id === undefined ? [] : [id])];
    const start = wanted.endsWith('*') ? wanted.slice(0, -1) : `${wanted}:`;
    return names.some((name) => name === wanted || name.startsWith(start));
  });
}
