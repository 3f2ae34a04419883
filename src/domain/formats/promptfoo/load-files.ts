import Papa from 'papaparse';
import * as v from 'valibot';
import { badInput } from '../../fault';
import { MAX_CASES, TooManyRows } from '../limits';
import { readPromptfooCsv } from '../promptfoo-csv';
import { readRows } from '../rows';
import { extensionOf, hasWildcard, type SourceFile, type SourceFiles } from '../source-files';
import { readYaml } from '../yaml-text';

const WHAT = 'promptfoo';
const MAX_DEPTH = 40;
/** Files that name each other. */
const MAX_LOADS = 2_000;
const MAX_NAME = 120;
const SCRIPT = /^(?:[cm]?[jt]s|py|rb)$/;

/** Where the parts of a configuration lie in other files, and which of those are not here. */
export class FileLoader {
  readonly #unreadable = new Set<string>();
  readonly #missingTests = new Set<string>();
  readonly #missingParts = new Set<string>();
  #loads = 0;

  constructor(readonly files: SourceFiles) {}

  /** `place: file` of what is code, or lies on another host. */
  get unreadable(): readonly string[] {
    return [...this.#unreadable];
  }

  /** Files of tests that were not given. */
  get missingTests(): readonly string[] {
    return [...this.#missingTests];
  }

  /** Files of prompts, defaults and other parts that were not given. */
  get missingParts(): readonly string[] {
    return [...this.#missingParts];
  }

  /** A configuration with what lies in other files in its place. @throws FaultError `bad-input` */
  loadConfig(data: unknown): unknown {
    if (!isObject(data)) return data;
    const { tests, defaultTest, scenarios } = data;
    return {
      ...data,
      ...(tests !== undefined && tests !== null && { tests: this.#loadTests(tests, 'tests') }),
      ...(typeof defaultTest === 'string'
        ? { defaultTest: this.#loadDefault(defaultTest) }
        : isObject(defaultTest) && { defaultTest: this.#loadVariables(defaultTest, '') }),
      ...(scenarios !== undefined && scenarios !== null && { scenarios: this.#loadScenarios(scenarios) }),
    };
  }

  /** Tests of a list as above; a text in it names a file. @throws FaultError `bad-input` */
  #loadTests(tests: unknown, place: string): unknown {
    const list: readonly unknown[] = Array.isArray(tests) ? tests : [tests];
    return list.flatMap((test): readonly unknown[] => {
      const reference = typeof test === 'string' ? test : isObject(test) ? test['path'] : undefined;
      if (typeof reference === 'string') return this.#loadTestFiles(reference, place);
      return [isObject(test) ? this.#loadVariables(test, '') : test];
    });
  }

  #loadTestFiles(reference: string, place: string): readonly unknown[] {
    const extension = extensionOf(reference.replace(/:\w+$/, '').replace(/#.*$/, ''));
    if (/^(?!file:)[a-z]+:\/\//.test(reference) || SCRIPT.test(extension) || /^xlsx?$/.test(extension)) {
      this.#unreadable.add(`${place}: ${reference.slice(0, MAX_NAME)}`);
      return [];
    }
    const found = this.files.match(reference);
    if (found.length === 0) this.#missingTests.add(reference.slice(0, MAX_NAME));
    return found.flatMap((file) => {
      const folder = file.path.split('/').slice(0, -1).join('/');
      const list = this.#readTests(file, place);
      if (list.length > MAX_CASES) throw new TooManyRows(WHAT, MAX_CASES + 1);
      return list.map((test) => (isObject(test) ? this.#loadVariables(test, `/${folder}`) : test));
    });
  }

  #readTests(file: SourceFile, place: string): readonly unknown[] {
    switch (extensionOf(file.path)) {
      case 'csv':
      case 'tsv':
        return readPromptfooCsv(file.text);
      case 'jsonl':
      case 'ndjson':
        return this.#loadTree(readRows(file.text, file.path), 0) as unknown[];
      case 'json':
      case 'yaml':
      case 'yml': {
        const data = this.#loadTree(readYaml(file.text, file.path), 0);
        return Array.isArray(data) ? data : [data];
      }
      default:
        this.#unreadable.add(`${place}: ${file.path.slice(0, MAX_NAME)}`);
        return [];
    }
  }

  /** Variables of a test that lie in a file, or in several. */
  #loadVariables(test: Readonly<Record<string, unknown>>, folder: string): Readonly<Record<string, unknown>> {
    const { vars } = test;
    if (typeof vars !== 'string' && !Array.isArray(vars)) return test;
    const merged: Record<string, unknown> = {};
    for (const reference of [vars].flat()) {
      if (typeof reference !== 'string') continue;
      const path = reference.replace(/^file:\/\//, '');
      const found = this.files.match(folder === '' || path.startsWith('/') ? path : `${folder}/${path}`);
      if (found.length === 0) this.#missingParts.add(`vars: ${reference.slice(0, MAX_NAME)}`);
      for (const file of found) {
        const data = this.#loadTree(readYaml(file.text, file.path), 0);
        if (isObject(data)) Object.assign(merged, data);
      }
    }
    return { ...test, vars: merged };
  }

  #loadDefault(reference: string): unknown {
    const [file] = this.files.match(reference);
    if (file === undefined) {
      this.#missingParts.add(`defaultTest: ${reference.slice(0, MAX_NAME)}`);
      return undefined;
    }
    const data = this.#loadTree(readYaml(file.text, file.path), 0);
    return isObject(data) ? this.#loadVariables(data, '') : undefined;
  }

  #loadScenarios(scenarios: unknown): unknown {
    const list: readonly unknown[] = Array.isArray(scenarios) ? scenarios : [scenarios];
    return list
      .flatMap((scenario): readonly unknown[] => {
        if (typeof scenario !== 'string') return [scenario];
        return this.#loadTestFiles(scenario, 'scenarios');
      })
      .map((scenario) => {
        if (!isObject(scenario)) return scenario;
        const { tests, config } = scenario;
        return {
          ...scenario,
          ...(tests !== undefined && { tests: this.#loadTests(tests, 'scenarios.tests') }),
          ...(config !== undefined && { config: this.#loadTests(config, 'scenarios.config') }),
        };
      });
  }

  /** Puts the content of files in the place of their names, at any depth (`maybeLoadConfigFromExternalFile`). */
  #loadTree(value: unknown, depth: number, context?: 'variables' | 'script'): unknown {
    if (depth > MAX_DEPTH) throw badInput(WHAT, 'it is nested too deeply');
    if (Array.isArray(value)) return value.map((each: unknown) => this.#loadTree(each, depth + 1, context));
    if (isObject(value)) {
      const isScript = value['type'] === 'javascript' || value['type'] === 'python';
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => {
          const inner = name === 'value' && isScript ? 'script' : name === 'vars' ? 'variables' : context;
          return [name, this.#loadTree(each, depth + 1, inner)];
        }),
      );
    }
    const isReference = typeof value === 'string' && value.startsWith('file://');
    if (!isReference || context === 'variables') return value;
    // Code stays a reference: whoever grades has a place for it.
    if (SCRIPT.test(extensionOf(value.replace(/:\w+$/, '')))) return value;
    return this.loadPart(value) ?? value;
  }

  /** What a file holds, as data; undefined where it was not given. @throws FaultError `bad-input` */
  loadPart(reference: string): unknown {
    if (++this.#loads > MAX_LOADS) throw badInput(WHAT, 'it refers to too many files');
    const found = this.files.match(reference);
    if (hasWildcard(reference) && found.length > 0) {
      return found.flatMap((file) => {
        const data = parsePart(file);
        return Array.isArray(data) ? (data as unknown[]) : [data];
      });
    }
    const [file] = found;
    return file === undefined ? undefined : parsePart(file);
  }

  /** The prompts of a text that names files of them; undefined for one that is a prompt itself. */
  loadPrompts(text: string, label: string | undefined): readonly LoadedPrompt[] | undefined {
    const wanted = text.trim();
    if (!namesPromptFile(wanted, this.files)) return undefined;
    const extension = extensionOf(wanted.replace(/:\w+$/, ''));
    if (
      /^(?:exec|package):/.test(wanted) ||
      SCRIPT.test(extension) ||
      /^(?:portkey|langfuse|helicone):/.test(wanted)
    ) {
      this.#unreadable.add(`prompts: ${wanted.slice(0, MAX_NAME)}`);
      return [];
    }
    const found = this.files.match(wanted);
    if (found.length === 0) this.#missingParts.add(`prompts: ${wanted.slice(0, MAX_NAME)}`);
    return found.flatMap((file) => this.#readPrompts(file, label));
  }

  #readPrompts({ path, text }: SourceFile, label: string | undefined): readonly LoadedPrompt[] {
    switch (extensionOf(path)) {
      case 'txt': {
        const parts = text.split(/\r?\n/).reduce<string[][]>(
          (all, line) => {
            if (line.trim() === '---') all.push([]);
            else all.at(-1)?.push(line);
            return all;
          },
          [[]],
        );
        return parts
          .map((lines) => lines.join('\n').trim())
          .filter((part) => part !== '')
          .map((part) => ({
            text: part,
            label: label === undefined ? `${path}: ${part}` : `${label}: ${path}: ${part}`,
          }));
      }
      case 'json':
      case 'yaml':
      case 'yml': {
        const content = this.#tryReadPrompt(path, text);
        return [{ text: content, label: label ?? `${path}: ${content}` }];
      }
      case 'jsonl': {
        const lines = text.split(/\r?\n/).filter((line) => line !== '');
        if (lines.length === 1) return lines.map((line) => ({ text: line, label: label ?? path }));
        return lines.map((line) => ({ text: line, label: `${label ?? path}: ${line}` }));
      }
      case 'csv':
        return readCsvPrompts(text, label);
      default:
        return [{ text, label: label ?? `${path}: ${text.slice(0, 50)}...` }];
    }
  }

  /** As JSON, with its own references resolved; what cannot be read is asked as it stands. */
  #tryReadPrompt(path: string, text: string): string {
    let data: unknown;
    try {
      data = extensionOf(path) === 'json' ? JSON.parse(text) : readYaml(text, path);
    } catch {
      return text;
    }
    return data === undefined ? text : JSON.stringify(this.#loadTree(data, 0));
  }
}

export interface LoadedPrompt {
  readonly text: string;
  readonly label: string;
}

const PROMPT_FILE =
  /^(?:file|exec|package|portkey|langfuse|helicone):|^[^\n{]{1,300}\.(?:txt|jsonl?|ya?ml|[cm]?[jt]s|py|md|j2|csv)(?::\w+)?$/;

/** A pattern without an ending names files only where some match: a question may hold a `?` too. */
function namesPromptFile(text: string, files: SourceFiles): boolean {
  if (PROMPT_FILE.test(text)) return true;
  return (
    hasWildcard(text) &&
    /^[\w./*?[\]-]{1,200}$/.test(text) &&
    text.includes('/') &&
    files.match(text).length > 0
  );
}

const csvPromptSchema = v.array(
  v.looseObject({ prompt: v.optional(v.string()), label: v.optional(v.string()) }),
);

/** A column `prompt`, or a prompt a line below an optional header (promptfoo's `processCsvPrompts`). */
function readCsvPrompts(text: string, label: string | undefined): readonly LoadedPrompt[] {
  if (!text.includes(',')) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    const prompts = lines[0]?.toLowerCase().trim() === 'prompt' ? lines.slice(1) : lines;
    return prompts.map((prompt, index) => ({
      text: prompt,
      label: nameRow(label, prompt, index, prompts.length),
    }));
  }
  const { data } = Papa.parse(text.replace(/^\uFEFF/, ''), {
    header: true,
    skipEmptyLines: true,
    preview: MAX_CASES,
  });
  const rows = v.parse(csvPromptSchema, data);
  const listed = rows.filter((row) => (row.prompt?.trim() ?? '') !== '');
  return listed.map((row, index) => {
    const prompt = row.prompt?.trim() ?? '';
    const own = row.label?.trim() ?? '';
    return { text: prompt, label: own === '' ? nameRow(label, prompt, index, listed.length) : own };
  });
}

function nameRow(label: string | undefined, prompt: string, index: number, count: number): string {
  if (label === undefined) return `Prompt ${index + 1} - ${prompt}`;
  return count > 1 ? `${label}: ${prompt}` : label;
}

/** @throws FaultError `bad-input` */
function parsePart({ path, text }: SourceFile): unknown {
  switch (extensionOf(path)) {
    case 'json':
    case 'yaml':
    case 'yml':
      return readYaml(text, path);
    case 'csv': {
      const rows = readRows(text, path);
      const isColumn = Object.keys(rows[0] ?? {}).length === 1;
      return isColumn ? rows.map((row) => Object.values(row)[0]) : rows;
    }
    default:
      return text;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
