import { badInput, FaultError } from '../fault';
import {
  parseTestSet,
  type Case,
  type Generation,
  type GraderSpec,
  type TestSet,
  type Turn,
} from '../sets/test-set';
import { MAX_CASES, TooManyRows } from './limits';
import type { Row, SomeRows } from './rows';
import type { SourceFile } from './source-files';

/** What an import changed or left out, as data: `ui/` words it. */
export interface ImportNote {
  readonly code:
    /** Rows that hold no question, or none that can be used; `detail` tells of the first. */
    | 'skipped-rows'
    /** Assertions of a type that this page does not know: kept, and reported as not run. */
    | 'kept-not-run'
    /** Cases without an assertion: kept, and reported as not run. */
    | 'no-assertion'
    /** Code that came with the set: it runs only after a yes. */
    | 'has-scripts'
    /** A field of the file, which `detail` names, that has no place here: how many cases it touches. */
    | 'not-applied'
    /** Answers that the file grades in several ways, which `detail` names: the first decides. */
    | 'several-scores'
    /** Questions that are asked as bare text, and end where the file says. */
    | 'asked-plain'
    /** A file that was not given, which `detail` names: how many cases are left out or asked without it. */
    | 'missing-file'
    /** Files of tests that were not given, which `detail` names. */
    | 'missing-tests'
    /** Fields that shape nothing here, which `detail` names: how many cases have them. */
    | 'dropped-fields'
    /** Prompts of several turns: only the first is asked. */
    | 'first-turn-only';
  readonly count: number;
  readonly detail?: string;
}

export interface ImportedSet {
  readonly testSet: TestSet;
  readonly notes: readonly ImportNote[];
  /** Files that it refers to, and that were not given: with them it could be read again, and better. */
  readonly missing?: readonly string[];
}

/** Nothing can be read without files that were not given. */
export class MissingFiles extends FaultError {
  constructor(
    what: string,
    readonly files: readonly string[],
  ) {
    super({
      kind: 'bad-input',
      what,
      detail: `it needs other files: ${files.slice(0, 8).join(', ').slice(0, 300)}`,
    });
  }
}

export interface ImportOptions {
  /** Of the file or the page that the text came from. */
  readonly name?: string;
  /** BCP 47; `en` when absent. */
  readonly language?: string;
  /** Data that a task file only points to. */
  readonly rows?: readonly Row[];
  /** Given beside the text, for a format that refers to other files by their paths from `path`. */
  readonly files?: readonly SourceFile[];
  /** Of the text among `files`. */
  readonly path?: string;
  /** Data that a task file draws its examples from, where that is another part, or there is more of it. */
  readonly fewshotRows?: readonly Row[] | SomeRows;
}

export interface ExportedFile {
  readonly name: string;
  readonly mediaType: string;
  readonly text: string;
}

/** One foreign way of writing a test set. */
export interface Format {
  readonly id: string;
  readonly label: string;
  /** 0 to 1: how surely this text is of this format. Never throws. */
  detect(text: string, name: string): number;
  /** @throws FaultError `bad-input` */
  read(text: string, options?: ImportOptions): ImportedSet;
  /** The files that hold the set; absent where nobody would read them. */
  write?(testSet: TestSet): readonly ExportedFile[];
}

/** A case before it has an id of its own. */
export interface CaseDraft {
  readonly id?: string | undefined;
  readonly prompt: string;
  readonly turns?: readonly Turn[] | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly generation?: Generation | undefined;
  readonly requests?: Case['requests'];
  readonly graders: readonly GraderSpec[];
  readonly threshold?: number | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly group?: string | undefined;
  readonly explanation?: string | undefined;
}

export interface SetFacts {
  readonly title: string;
  readonly language?: string | undefined;
  readonly description?: string | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
  readonly system?: string | undefined;
}

/**
 * A set from drafts: gives ids, keeps them apart, and checks the whole.
 * @throws FaultError `bad-input` when no draft is left or one is out of bounds
 */
export function buildSet(
  what: string,
  facts: SetFacts,
  drafts: readonly CaseDraft[],
  notes: readonly ImportNote[] = [],
): ImportedSet {
  if (drafts.length === 0) {
    const skipped = notes.find(({ code }) => code === 'skipped-rows');
    throw badInput(what, skipped?.detail ?? 'it holds no cases');
  }
  if (drafts.length > MAX_CASES) throw new TooManyRows(what, drafts.length);
  const taken = new Set<string>();
  const title = facts.title.trim().slice(0, 200) || what;
  const testSet = parseTestSet({
    id: toId(title) || 'set',
    title,
    language: facts.language ?? 'en',
    licence: facts.licence ?? 'unknown',
    ...(facts.description !== undefined && { description: facts.description.slice(0, 2_000) }),
    ...(facts.source !== undefined && { source: facts.source.slice(0, 400) }),
    ...(facts.system !== undefined && { system: facts.system }),
    cases: drafts.map((draft, index) => buildCase(draft, index, taken)),
  });
  return { testSet, notes: notes.filter(({ count }) => count > 0) };
}

function buildCase(draft: CaseDraft, index: number, taken: Set<string>): Partial<Case> {
  const { turns, choices, generation, requests, threshold, variables, tags = [], group, explanation } = draft;
  const base = toId(draft.id ?? '') || String(index + 1);
  let id = base;
  for (let copy = 2; taken.has(id); copy++) id = `${base.slice(0, 72)}-${copy}`;
  taken.add(id);
  return {
    id,
    prompt: draft.prompt,
    ...(turns !== undefined && { turns: [...turns] }),
    ...(choices !== undefined && { choices: [...choices] }),
    ...(generation !== undefined && { generation }),
    ...(requests !== undefined && { requests: [...requests] }),
    graders: [...draft.graders],
    ...(threshold !== undefined && { threshold }),
    ...(variables !== undefined && Object.keys(variables).length > 0 && { variables: { ...variables } }),
    tags: [...new Set(tags.map((tag) => tag.trim().slice(0, 60)).filter((tag) => tag !== ''))].slice(0, 32),
    ...(group !== undefined && toId(group) !== '' && { group: toId(group) }),
    ...(explanation !== undefined && explanation !== '' && { explanation: explanation.slice(0, 4_000) }),
  };
}

/** Foreign text as an id: what an id may not hold becomes a dash. */
export function toId(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 80);
}
