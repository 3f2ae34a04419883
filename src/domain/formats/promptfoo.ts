import { stringify } from 'yaml';
import * as v from 'valibot';
import { badInput } from '../fault';
import { findGrader } from '../graders/registry';
import { parseWith } from '../parse';
import type { Case, GraderSpec, TestSet } from '../sets/test-set';
import {
  buildSet,
  toId,
  type CaseDraft,
  type Format,
  type ImportedSet,
  type ImportNote,
  type ImportOptions,
} from './format';
import { checkSize, MAX_CASES } from './limits';
import { readPromptfooCsv } from './promptfoo-csv';
import { writeAsScript } from './promptfoo-script';
import { assertionSchema, testSchema, type PromptfooTest } from './promptfoo-test';
import { probeRows, readRows } from './rows';
import { renderTemplate } from './template';
import { readYaml } from './yaml-text';

const WHAT = 'promptfoo';
/** A grader of ours that promptfoo was given in its own words. */
const ownSpecSchema = v.object({ config: v.object({ wizardbench: assertionSchema }) });
const promptSchema = v.union([
  v.string(),
  v.looseObject({ raw: v.optional(v.string()), id: v.optional(v.string()), label: v.optional(v.string()) }),
]);
const configSchema = v.looseObject({
  description: v.optional(v.string()),
  prompts: v.optional(v.union([v.string(), v.array(promptSchema)])),
  tests: v.optional(v.union([v.string(), v.array(v.union([testSchema, v.string()]))])),
  defaultTest: v.optional(v.union([testSchema, v.string()])),
});

/** Where a set of ours keeps what promptfoo's tests have no field for. */
const metadataSchema = v.object({
  id: v.optional(v.string()),
  tags: v.optional(v.union([v.array(v.string()), v.string()])),
  group: v.optional(v.string()),
  explanation: v.optional(v.string()),
  choices: v.optional(v.array(v.string())),
});
const setFactsSchema = v.object({
  wizardbench: v.object({
    title: v.optional(v.string()),
    description: v.optional(v.string()),
    language: v.optional(v.string()),
    licence: v.optional(v.string()),
    source: v.optional(v.string()),
    system: v.optional(v.string()),
  }),
});

/** promptfoo's configuration (YAML or JSON) and its tests (a JSON list, JSON Lines, CSV). */
export const promptfoo: Format = {
  id: 'promptfoo',
  label: WHAT,
  detect(text, name) {
    if (/^(\uFEFF)?[^\n]*\b__expected/.test(text)) return 1;
    if (/promptfoo/i.test(name)) return 0.95;
    if (/^\s*\{/.test(text) && /"(vars|assert)"\s*:/.test(text)) return 0.9;
    if (/^\s*\[/.test(text)) {
      const rows = probeRows(text);
      return rows.length > 0 && rows.every((row) => 'vars' in row || 'assert' in row) ? 0.9 : 0;
    }
    return /^(prompts|providers|tests|defaultTest)\s*:/m.test(text) && !/^task\s*:/m.test(text) ? 0.85 : 0;
  },
  read(text, options = {}) {
    checkSize(WHAT, text);
    if (/^(\uFEFF)?[^\n]*\b__expected/.test(text) && !/^\s*[[{]/.test(text)) {
      return readTests(readPromptfooCsv(text), options);
    }
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    if (lines.length > 1 && lines.every((line) => line.startsWith('{') && line.trimEnd().endsWith('}'))) {
      return readTests(readRows(text, WHAT), options);
    }
    const data = readYaml(text, WHAT);
    if (Array.isArray(data)) return readTests(data, options);
    return readConfig(parseWith(configSchema, data, WHAT), options);
  },
  write: (testSet) => [writeConfig(testSet)],
};

function readTests(data: readonly unknown[], options: ImportOptions): ImportedSet {
  const tests = data.map((test) => parseWith(testSchema, test, WHAT));
  // A file of tests alone: what is asked is the one variable, or the one that is named as a prompt.
  return assemble([guessPrompt(tests)], tests, undefined, {}, options);
}

function guessPrompt(tests: readonly PromptfooTest[]): string {
  const names = Object.keys(tests[0]?.vars ?? {});
  const named = names.find((name) => /^(prompt|question|input|query|text|message)$/i.test(name));
  const name = named ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    throw badInput(
      WHAT,
      'tests without a prompt: name one variable "prompt", or import the whole configuration',
    );
  }
  return `{{ ${name} }}`;
}

function readConfig(config: v.InferOutput<typeof configSchema>, options: ImportOptions): ImportedSet {
  const prompts = [config.prompts ?? []].flat().map((prompt) => {
    const source = typeof prompt === 'string' ? prompt : (prompt.raw ?? prompt.id ?? '');
    if (/^file:\/\/|\.(txt|json|ya?ml|js|ts|py|md)$/.test(source.trim())) {
      throw badInput(
        WHAT,
        `the prompt is in another file (${source.trim().slice(0, 80)}): put its text here`,
      );
    }
    return source;
  });
  if (typeof config.tests === 'string') {
    throw badInput(
      WHAT,
      `the tests are in another file (${config.tests.slice(0, 80)}): import that file instead`,
    );
  }
  const tests = (config.tests ?? []).map((test) => {
    if (typeof test === 'string') throw badInput(WHAT, `tests are in another file (${test.slice(0, 80)})`);
    return test;
  });
  const defaults = typeof config.defaultTest === 'string' ? undefined : config.defaultTest;
  // promptfoo runs each prompt once where there are no tests.
  const all = tests.length === 0 && prompts.length > 0 ? [{}] : tests;
  return assemble(prompts.length > 0 ? prompts : [guessPrompt(all)], all, defaults, config, options);
}

function assemble(
  prompts: readonly string[],
  tests: readonly PromptfooTest[],
  defaults: PromptfooTest | undefined,
  config: v.InferOutput<typeof configSchema>,
  options: ImportOptions,
): ImportedSet {
  const drafts: CaseDraft[] = [];
  const unknown = new Set<string>();
  let unknownCount = 0;
  let scripts = 0;
  let bare = 0;
  for (const test of tests) {
    const merged = mergeDefaults(test, defaults);
    for (const variables of expandLists(merged.vars ?? {})) {
      for (const [index, prompt] of prompts.entries()) {
        const graders = (merged.assert ?? []).map((assertion) => readAssertion(assertion, variables));
        for (const { type } of graders.flatMap(flatten)) {
          if (type === 'javascript' || type === 'not-javascript') scripts++;
          else if (type !== 'assert-set' && findGrader(type) === undefined) {
            unknownCount++;
            unknown.add(type);
          }
        }
        if (graders.length === 0) {
          bare++;
          graders.push({ type: 'no-assertion' });
        }
        drafts.push(
          toDraft(
            merged,
            renderPrompt(prompt, merged, variables),
            graders,
            variables,
            prompts.length > 1 ? index : undefined,
          ),
        );
        if (drafts.length > MAX_CASES) throw badInput(WHAT, `more than ${MAX_CASES} cases`);
      }
    }
  }
  const notes: ImportNote[] = [
    { code: 'kept-not-run', count: unknownCount, detail: [...unknown].slice(0, 8).join(', ') },
    { code: 'has-scripts', count: scripts },
    { code: 'no-assertion', count: bare },
  ];
  const kept = v.safeParse(setFactsSchema, config['metadata']);
  const facts = kept.success ? kept.output.wizardbench : {};
  const { title, ...rest } = facts;
  return buildSet(
    WHAT,
    {
      title: title ?? config.description ?? options.name?.replace(/\.[a-z]+$/i, '') ?? WHAT,
      language: options.language,
      source: WHAT,
      ...rest,
    },
    drafts,
    notes,
  );
}

function flatten(spec: GraderSpec): GraderSpec[] {
  return spec.type === 'assert-set' && spec.assert !== undefined ? [spec, ...spec.assert] : [spec];
}

function mergeDefaults(test: PromptfooTest, defaults: PromptfooTest | undefined): PromptfooTest {
  if (defaults === undefined) return test;
  return {
    ...defaults,
    ...test,
    vars: { ...defaults.vars, ...test.vars },
    assert: [...(defaults.assert ?? []), ...(test.assert ?? [])],
    options: { ...defaults.options, ...test.options },
    metadata: { ...defaults.metadata, ...test.metadata },
  };
}

/** A variable that is a list stands for a test with each of its items, as in promptfoo. */
function expandLists(variables: Readonly<Record<string, unknown>>): readonly Record<string, unknown>[] {
  let combinations: Record<string, unknown>[] = [{}];
  for (const [name, value] of Object.entries(variables)) {
    const values: readonly unknown[] = Array.isArray(value) && value.length > 0 ? value : [value];
    if (combinations.length * values.length > MAX_CASES) throw badInput(WHAT, `more than ${MAX_CASES} cases`);
    combinations = combinations.flatMap((each) => values.map((one) => ({ ...each, [name]: one })));
  }
  return combinations;
}

function renderPrompt(
  prompt: string,
  test: PromptfooTest,
  variables: Readonly<Record<string, unknown>>,
): string {
  const body = renderTemplate(prompt, variables);
  const whole = `${test.options?.prefix ?? ''}${body}${test.options?.suffix ?? ''}`;
  return /^\s*\[\s*\{/.test(whole) ? joinChat(whole) : whole;
}

const chatSchema = v.array(v.object({ role: v.string(), content: v.string() }));

/** A prompt that is a JSON list of messages, as chat prompts of promptfoo are. */
function joinChat(text: string): string {
  try {
    const messages = v.parse(chatSchema, JSON.parse(text));
    return messages.map(({ content }) => content).join('\n\n');
  } catch {
    return text;
  }
}

function readAssertion(
  assertion: v.InferOutput<typeof assertionSchema>,
  variables: Readonly<Record<string, unknown>>,
): GraderSpec {
  const own = v.safeParse(ownSpecSchema, assertion);
  if (own.success) return own.output.config.wizardbench;
  const { type, value, assert: parts, ...rest } = assertion;
  const rendered = value === undefined ? {} : { value: renderValue(value, variables) };
  const nested = Array.isArray(parts)
    ? { assert: parts.map((part) => readAssertion(parseWith(assertionSchema, part, WHAT), variables)) }
    : {};
  return { ...rest, type, ...rendered, ...nested };
}

function renderValue(value: unknown, variables: Readonly<Record<string, unknown>>): unknown {
  if (typeof value === 'string') return renderTemplate(value, variables);
  return Array.isArray(value) ? value.map((each: unknown) => renderValue(each, variables)) : value;
}

function toDraft(
  test: PromptfooTest,
  prompt: string,
  graders: readonly GraderSpec[],
  variables: Readonly<Record<string, unknown>>,
  promptIndex: number | undefined,
): CaseDraft {
  const parsed = v.safeParse(metadataSchema, test.metadata ?? {});
  const { id, tags, group, explanation, choices } = parsed.success ? parsed.output : {};
  const description = test.description?.trim();
  const base = id ?? description;
  return {
    id: promptIndex === undefined || base === undefined ? base : `${base}-p${promptIndex + 1}`,
    prompt,
    graders,
    ...(choices !== undefined && { choices }),
    ...(test.threshold !== undefined && { threshold: test.threshold }),
    variables: Object.fromEntries(
      Object.entries(variables)
        .filter(([name]) => name !== OWN_VARIABLE)
        .map(([name, value]) => [name.slice(0, 80), toText(value)]),
    ),
    tags: [tags ?? []].flat(),
    ...(group !== undefined && { group }),
    explanation: explanation ?? (id === undefined ? description : undefined),
  };
}

function toText(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value ?? null)).slice(0, 20_000);
}

/** The variable that an exported set's one prompt consists of. */
const OWN_VARIABLE = 'wizardbench_prompt';

function writeConfig(testSet: TestSet) {
  const { cases, title, description, language, licence, source, system } = testSet;
  const config = {
    description: title,
    metadata: { wizardbench: { title, description, language, licence, source, system } },
    prompts: [`{{ ${OWN_VARIABLE} }}`],
    tests: cases.map((testCase) => writeTest(testCase)),
  };
  const header =
    '# Fill in `providers` and run: npx promptfoo eval\n' +
    '# Code with `config: wizardbench` reads answers more simply than the page does; the page reads that config.\n';
  return {
    name: `${toId(testSet.id)}.promptfoo.yaml`,
    mediaType: 'application/yaml',
    text: header + stringify(JSON.parse(JSON.stringify(config)), { lineWidth: 0 }),
  };
}

function writeTest(testCase: Case) {
  const { id, prompt, choices, graders, threshold, variables, tags, group, explanation } = testCase;
  return {
    description: id,
    vars: { ...variables, [OWN_VARIABLE]: prompt },
    assert: graders.map((spec) => escapeSpec(spec, testCase)),
    ...(threshold !== undefined && { threshold }),
    metadata: { id, tags, group, explanation, choices },
  };
}

/** Text of ours is no template: what looks like one is kept from being rendered. */
function escapeSpec(spec: GraderSpec, testCase: Case): unknown {
  const { value, assert: parts, ...rest } = writeAsScript(spec, testCase) ?? spec;
  return {
    ...rest,
    ...(value !== undefined && { value: escapeValue(value) }),
    ...(parts !== undefined && { assert: parts.map((part) => escapeSpec(part, testCase)) }),
  };
}

function escapeValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => escapeValue(each));
  return typeof value === 'string' ? value.replace(/\{[{%#]/g, (open) => `{{ "${open}" }}`) : value;
}
