import * as v from 'valibot';
import { badInput, FaultError } from '../fault';
import { parseWith } from '../parse';
import {
  buildSet,
  MissingFiles,
  type CaseDraft,
  type Format,
  type ImportedSet,
  type ImportOptions,
} from './format';
import { checkSize, MAX_CASES, TooManyRows } from './limits';
import { readPromptfooCsv } from './promptfoo-csv';
import { testSchema, type PromptfooTest } from './promptfoo-test';
import { readAssertion } from './promptfoo/assertions';
import { Losses } from './promptfoo/losses';
import { readChat, renderPromptText, resolveVariables, type Variables } from './promptfoo/prompt';
import { isAskedWith, readSuite, type Suite, type SuitePrompt } from './promptfoo/suite';
import { expandLists, loadVariables } from './promptfoo/variables';
import { OWN_VARIABLE, writeConfig } from './promptfoo/write';
import { probeRows, readRows } from './rows';
import { SourceFiles } from './source-files';
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
    if (/^\s*(?:#[^\n]*\n\s*|---\s*\n\s*)*-\s+(?:vars|assert)\s*:/.test(text)) return 0.8;
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
    const files = new SourceFiles(options.files ?? [], options.path ?? options.name);
    return assemble(readSuite(data, files), options, files);
  },
  write: (testSet) => [writeConfig(testSet)],
};

/** A file of tests alone. */
function readTests(data: readonly unknown[], options: ImportOptions): ImportedSet {
  const tests = data.map((test) => parseWith(testSchema, test, WHAT));
  const suite = {
    metadata: undefined,
    prompts: [],
    tests,
    env: {},
    unused: [],
    missingParts: [],
    missingTests: [],
  };
  return assemble(suite, options, new SourceFiles(options.files ?? [], options.path ?? options.name));
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

function assemble(suite: Suite, options: ImportOptions, files: SourceFiles): ImportedSet {
  const { tests, env } = suite;
  const prompts = suite.prompts.length > 0 ? suite.prompts : [guessPrompt(tests)];
  const losses = new Losses();
  const drafts: CaseDraft[] = [];
  let count = 0;
  tests.forEach((test, index) => {
    const asked = prompts.filter((prompt) => isAskedWith(test, prompt));
    for (const variables of expandLists(test, files)) {
      for (const prompt of asked) {
        if (++count > MAX_CASES) throw new TooManyRows(WHAT, Math.max(tests.length, count));
        const number = prompts.length > 1 ? prompts.indexOf(prompt) + 1 : undefined;
        try {
          drafts.push(buildDraft(test, prompt.text, variables, env, number, losses, files));
        } catch (error) {
          if (error instanceof MissingFiles) {
            for (const file of error.files) losses.addMissing(file, 1);
            continue;
          }
          if (!(error instanceof FaultError) || error.fault.kind !== 'bad-input') throw error;
          losses.skip(`test ${index + 1}: ${error.fault.detail}`);
        }
      }
    }
  });
  if (drafts.length === 0 && files.missing.length > 0) throw new MissingFiles(WHAT, files.missing);
  for (const field of suite.unused) losses.addField(field, drafts.length);
  for (const part of suite.missingParts) losses.addMissing(part, drafts.length);
  const kept = v.safeParse(setFactsSchema, suite.metadata);
  if (suite.metadata !== undefined && !kept.success) losses.addField('metadata', drafts.length);
  const { title, ...rest } = kept.success ? kept.output.wizardbench : {};
  const built = buildSet(
    WHAT,
    {
      title: title ?? suite.description ?? options.name?.replace(/\.[a-z]+$/i, '') ?? WHAT,
      language: options.language,
      source: WHAT,
      ...rest,
    },
    drafts,
    [
      {
        code: 'missing-tests',
        count: suite.missingTests.length,
        detail: suite.missingTests.slice(0, 8).join(', '),
      },
      ...losses.list(),
    ],
  );
  const { missing } = files;
  return missing.length === 0 ? built : { ...built, missing };
}

/** @throws FaultError `bad-input` for a test that cannot be asked; `MissingFiles` */
function buildDraft(
  test: PromptfooTest,
  prompt: string,
  given: Variables,
  env: Variables,
  number: number | undefined,
  losses: Losses,
  files: SourceFiles,
): CaseDraft {
  const unused = listUnused(test);
  const missing = new Set<string>();
  const variables = resolveVariables(loadVariables(given, files));
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
    files,
    onMissing: (file: string) => void missing.add(file),
  };
  const graders = (test.assert ?? []).map((assertion) => readAssertion(assertion, context));
  losses.addGraders(graders);
  const kept = keepVariables(variables, unused);
  losses.addFields(unused);
  for (const file of missing) losses.addMissing(file, 1);
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
