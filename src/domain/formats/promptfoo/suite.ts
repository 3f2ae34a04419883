import * as v from 'valibot';
import { badInput } from '../../fault';
import { parseWith } from '../../parse';
import { MAX_CASES, TooManyRows } from '../limits';
import { MissingFiles } from '../format';
import { testSchema, type PromptfooTest } from '../promptfoo-test';
import { SourceFiles } from '../source-files';
import { readYaml } from '../yaml-text';
import { FileLoader } from './load-files';

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
  /** Files that were not given: of prompts and defaults, and of tests. */
  readonly missingParts: readonly string[];
  readonly missingTests: readonly string[];
}

/**
 * @param files that were given beside it
 * @throws FaultError `bad-input`; `MissingFiles` where nothing can be asked without files that were not given
 */
export function readSuite(data: unknown, files = new SourceFiles([])): Suite {
  const loader = new FileLoader(files);
  const config = parseWith(configSchema, loader.loadConfig(resolveReferences(data, files)), WHAT);
  const unused = new Set(Object.keys(config).filter((name) => !KNOWN_FIELDS.has(name)));
  const prompts = readPrompts(config, loader);
  const defaults = typeof config.defaultTest === 'string' ? undefined : config.defaultTest;
  const own = readTests(config.tests, 'tests', unused);
  const fromScenarios = readScenarios(config, defaults, unused);
  for (const each of loader.unreadable) unused.add(each);
  const { missingParts, missingTests } = loader;
  const isPromptless = prompts.length === 0 && config.prompts !== undefined;
  const isTestless = own.length + fromScenarios.length === 0;
  if (isPromptless || isTestless) refuseWithout(files, loader, isPromptless ? 'prompts' : 'tests');
  // promptfoo runs each prompt once where there are no tests.
  const tests = own.length === 0 && config.scenarios === undefined && prompts.length > 0 ? [{}] : own;
  return {
    description: config.description,
    metadata: config['metadata'],
    prompts,
    tests: [...tests, ...fromScenarios].map((test) => mergeDefaults(test, defaults)),
    env: config.env ?? {},
    unused: [...unused],
    missingParts,
    missingTests,
  };
}

/** @throws FaultError `bad-input` where the prompts, or the tests, all lie in files that were not given or are code */
function refuseWithout(files: SourceFiles, loader: FileLoader, part: 'prompts' | 'tests'): void {
  const missing =
    part === 'tests' ? loader.missingTests : loader.missingParts.filter((name) => name.startsWith(part));
  if (missing.length > 0) throw new MissingFiles(WHAT, files.missing);
  const [code] = loader.unreadable.filter((name) => name.startsWith(`${part}: `));
  if (code !== undefined) {
    throw badInput(
      WHAT,
      `its ${part} are code or on another host, which cannot be read here (${code.slice(part.length + 2)})`,
    );
  }
}

function readPrompts(config: Config, loader: FileLoader): readonly SuitePrompt[] {
  return [config.prompts ?? []].flat().flatMap((prompt): readonly SuitePrompt[] => {
    if (typeof prompt === 'string')
      return loader.loadPrompts(prompt, undefined) ?? [{ text: prompt, label: prompt }];
    const text = prompt.raw ?? prompt.id ?? '';
    const loaded = loader.loadPrompts(text, prompt.label);
    if (loaded !== undefined) return loaded;
    return [{ text, id: prompt.id, label: prompt.label ?? text }];
  });
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
        if (all.length >= MAX_CASES) throw new TooManyRows(WHAT, MAX_CASES + 1);
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

/** Puts what `$ref` names in its place, from the file itself or another; fields beside it win. @throws FaultError `bad-input` */
function resolveReferences(data: unknown, files: SourceFiles): unknown {
  let references = 0;
  let parts = 0;
  const resolve = (value: unknown, root: unknown, depth: number): unknown => {
    if (++parts > MAX_PARTS) throw badInput(WHAT, 'its references make it too large');
    if (depth > MAX_DEPTH) throw badInput(WHAT, 'it is nested too deeply, or its references name each other');
    if (Array.isArray(value)) return value.map((each: unknown) => resolve(each, root, depth + 1));
    if (!isObject(value)) return value;
    const { $ref, ...rest } = value;
    const entries = Object.entries($ref === undefined || typeof $ref !== 'string' ? value : rest);
    const own = Object.fromEntries(entries.map(([name, each]) => [name, resolve(each, root, depth + 1)]));
    if (typeof $ref !== 'string') return own;
    if (++references > MAX_REFERENCES) throw badInput(WHAT, 'too many references');
    const [path = '', inside = ''] = $ref.split('#');
    const other = path === '' ? root : readReferred(path, files);
    const target = resolve(findReference(other, inside, $ref), other, depth + 1);
    return isObject(target) && entries.length > 0 ? { ...target, ...own } : target;
  };
  return resolve(data, data, 0);
}

function readReferred(path: string, files: SourceFiles): unknown {
  const file = files.find(path);
  if (file === undefined) throw new MissingFiles(WHAT, files.missing);
  return readYaml(file.text, file.path);
}

/** @param inside a JSON pointer; empty for the whole */
function findReference(root: unknown, inside: string, reference: string): unknown {
  if (inside === '' || inside === '/') return root;
  const path = inside
    .replace(/^\//, '')
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
