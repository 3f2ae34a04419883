import * as v from 'valibot';
import { badInput, FaultError } from '../fault';
import { parseWith } from '../parse';
import type { GraderSpec } from '../sets/test-set';
import {
  buildSet,
  type CaseDraft,
  type Format,
  type ImportedSet,
  type ImportNote,
  type ImportOptions,
} from './format';
import { checkSize, MAX_CASES } from './limits';
import { readPromptfooCsv } from './promptfoo-csv';
import { testSchema, type PromptfooTest } from './promptfoo-test';
import { isInFile, listNotRun, readAssertion } from './promptfoo/assertions';
import { readChat, renderPromptText, resolveVariables, type Variables } from './promptfoo/prompt';
import { isAskedWith, readSuite, type Suite, type SuitePrompt } from './promptfoo/suite';
import { OWN_VARIABLE, writeConfig } from './promptfoo/write';
import { probeRows, readRows } from './rows';
import { readYaml } from './yaml-text';

const WHAT = 'promptfoo';
const MAX_PROMPT_CHARACTERS = 20_000;
const MAX_VARIABLE_CHARACTERS = 20_000;
const TEST_FIELDS = new Set([
  ...['description', 'vars', 'assert', 'options', 'metadata', 'threshold', 'prompts'],
]);
const OPTION_FIELDS = new Set([
  ...['prefix', 'suffix', 'transform', 'postprocess', 'disableVarExpansion', 'disableDefaultAsserts'],
]);

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
    return /^(prompts|providers|tests|defaultTest|scenarios)\s*:/m.test(text) && !/^task\s*:/m.test(text)
      ? 0.85
      : 0;
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
    return assemble(readSuite(data), options);
  },
  write: (testSet) => [writeConfig(testSet)],
};

/** A file of tests alone. */
function readTests(data: readonly unknown[], options: ImportOptions): ImportedSet {
  const tests = data.map((test) => parseWith(testSchema, test, WHAT));
  return assemble({ metadata: undefined, prompts: [], tests, env: {}, unused: [] }, options);
}

/** What is asked where no prompt says it: the one variable, or the one that is named as a prompt. */
function guessPrompt(tests: readonly PromptfooTest[]): SuitePrompt {
  const names = Object.keys(tests[0]?.vars ?? {});
  const named = names.find((name) => /^(prompt|question|input|query|text|message)$/i.test(name));
  const name = named ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    throw badInput(
      WHAT,
      'tests without a prompt: name one variable "prompt", or import the whole configuration',
    );
  }
  return { text: `{{ ${name} }}`, label: name };
}

/** What the import could not take over, and how many cases each thing touches. */
class Losses {
  readonly #touched = new Map<string, number>();
  readonly #notRun = new Set<string>();
  #first: string | undefined;
  #counts = { skipped: 0, scripts: 0, bare: 0, notRun: 0 };

  /** Fields that one case would need. */
  addFields(fields: ReadonlySet<string>): void {
    for (const field of fields) this.addField(field, 1);
  }

  addField(field: string, cases: number): void {
    this.#touched.set(field, (this.#touched.get(field) ?? 0) + cases);
  }

  addGraders(graders: readonly GraderSpec[]): void {
    if (graders.length === 0) this.#counts.bare++;
    const all = graders.flatMap((spec) => [spec, ...(spec.assert ?? [])]);
    this.#counts.scripts += all.filter(
      (spec) => /^(not-)?javascript$/.test(spec.type) || spec['transform'] !== undefined,
    ).length;
    const notRun = listNotRun(graders);
    this.#counts.notRun += notRun.length;
    for (const type of notRun) this.#notRun.add(type);
  }

  skip(reason: string): void {
    this.#counts.skipped++;
    this.#first ??= reason;
  }

  list(): readonly ImportNote[] {
    const { skipped, scripts, bare, notRun } = this.#counts;
    return [
      { code: 'kept-not-run', count: notRun, detail: [...this.#notRun].slice(0, 8).join(', ') },
      { code: 'has-scripts', count: scripts },
      { code: 'no-assertion', count: bare },
      ...[...this.#touched].map(([detail, count]) => ({ code: 'not-applied' as const, count, detail })),
      { code: 'skipped-rows', count: skipped, ...(this.#first !== undefined && { detail: this.#first }) },
    ];
  }
}

function assemble(suite: Suite, options: ImportOptions): ImportedSet {
  const { tests, env } = suite;
  const prompts = suite.prompts.length > 0 ? suite.prompts : [guessPrompt(tests)];
  const losses = new Losses();
  const drafts: CaseDraft[] = [];
  let count = 0;
  tests.forEach((test, index) => {
    const asked = prompts.filter((prompt) => isAskedWith(test, prompt));
    for (const variables of expandLists(test)) {
      for (const prompt of asked) {
        if (++count > MAX_CASES) throw badInput(WHAT, `more than ${MAX_CASES} cases`);
        const number = prompts.length > 1 ? prompts.indexOf(prompt) + 1 : undefined;
        try {
          drafts.push(buildDraft(test, prompt.text, variables, env, number, losses));
        } catch (error) {
          if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
          losses.skip(`test ${index + 1}: ${error.fault.detail}`);
        }
      }
    }
  });
  for (const field of suite.unused) losses.addField(field, drafts.length);
  const kept = v.safeParse(setFactsSchema, suite.metadata);
  if (suite.metadata !== undefined && !kept.success) losses.addField('metadata', drafts.length);
  const { title, ...rest } = kept.success ? kept.output.wizardbench : {};
  return buildSet(
    WHAT,
    {
      title: title ?? suite.description ?? options.name?.replace(/\.[a-z]+$/i, '') ?? WHAT,
      language: options.language,
      source: WHAT,
      ...rest,
    },
    drafts,
    losses.list(),
  );
}

/**
 * A variable that is a list of texts stands for a test with each of them; a list of anything else is one value
 * (promptfoo's `generateVarCombinations`).
 */
function expandLists(test: PromptfooTest): readonly Variables[] {
  const { vars = {}, options } = test;
  if (options?.['disableVarExpansion'] === true) return [vars];
  let combinations: Record<string, unknown>[] = [{}];
  for (const [name, value] of Object.entries(vars)) {
    const isExpanded = Array.isArray(value) && typeof value[0] === 'string';
    const values: readonly unknown[] = isExpanded ? value : [value];
    if (combinations.length * values.length > MAX_CASES) throw badInput(WHAT, `more than ${MAX_CASES} cases`);
    combinations = combinations.flatMap((each) => values.map((one) => ({ ...each, [name]: one })));
  }
  return combinations;
}

/** @throws FaultError `bad-input` for a test that cannot be asked */
function buildDraft(
  test: PromptfooTest,
  prompt: string,
  given: Variables,
  env: Variables,
  number: number | undefined,
  losses: Losses,
): CaseDraft {
  const unused = listUnused(test);
  const inFile = Object.entries(given).find(([, value]) => isInFile(value));
  if (inFile !== undefined) {
    throw badInput(WHAT, `the variable ${inFile[0]} is in another file (${String(inFile[1]).slice(0, 80)})`);
  }
  const variables = resolveVariables(given);
  const { prefix = '', suffix = '' } = test.options ?? {};
  const asked = readChat(renderPromptText(`${prefix}${prompt}${suffix}`, variables, env));
  if (asked.prompt.trim() === '') throw badInput(WHAT, 'its prompt is empty');
  if (asked.prompt.length > MAX_PROMPT_CHARACTERS) {
    throw badInput(WHAT, `its prompt is longer than ${MAX_PROMPT_CHARACTERS} characters`);
  }
  const transform = test.options?.['transform'] ?? test.options?.['postprocess'];
  if (transform !== undefined && typeof transform !== 'string') unused.add('options.transform');
  const context = {
    variables: { env, ...variables },
    transforms: typeof transform === 'string' ? [transform] : [],
    onUnused: (field: string) => void unused.add(field),
  };
  const graders = (test.assert ?? []).map((assertion) => readAssertion(assertion, context));
  losses.addGraders(graders);
  const kept = keepVariables(variables, unused);
  losses.addFields(unused);
  return {
    ...asked,
    ...toFacts(test, number),
    graders: graders.length > 0 ? graders : [{ type: 'no-assertion' }],
    ...(test.threshold !== undefined && { threshold: test.threshold }),
    variables: kept,
  };
}

function listUnused(test: PromptfooTest): Set<string> {
  const ofTest = Object.keys(test).filter((name) => !TEST_FIELDS.has(name));
  const ofOptions = Object.keys(test.options ?? {}).filter((name) => !OPTION_FIELDS.has(name));
  return new Set([...ofTest, ...ofOptions.map((name) => `options.${name}`)]);
}

/** Variables for scripts, with their types. */
function keepVariables(variables: Variables, unused: Set<string>): Variables {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => {
      if (name === OWN_VARIABLE || name === '' || value === undefined) return [];
      const size = typeof value === 'string' ? value.length : JSON.stringify(value).length;
      const isKept = name.length <= 80 && size <= MAX_VARIABLE_CHARACTERS;
      if (!isKept) unused.add(`vars.${name.slice(0, 80)}`);
      return isKept ? [[name, value]] : [];
    }),
  );
}

function toFacts(
  test: PromptfooTest,
  number: number | undefined,
): Pick<CaseDraft, 'id' | 'choices' | 'tags' | 'group' | 'explanation'> {
  const parsed = v.safeParse(metadataSchema, test.metadata ?? {});
  const { id, tags, group, explanation, choices } = parsed.success ? parsed.output : {};
  const description = test.description?.trim();
  const base = id ?? description;
  return {
    id: number === undefined || base === undefined ? base : `${base}-p${number}`,
    ...(choices !== undefined && { choices }),
    tags: [tags ?? []].flat(),
    ...(group !== undefined && { group }),
    explanation: explanation ?? (id === undefined ? description : undefined),
  };
}
