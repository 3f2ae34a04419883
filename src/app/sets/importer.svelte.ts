import { badInput, FaultError, toFault, type Fault } from '../../domain/fault';
import { MAX_CASES, MAX_TEXT_CHARACTERS } from '../../domain/formats/limits';
import type { TaskDataset } from '../../domain/formats/lm-eval/task';
import { mapRow, type Mapping } from '../../domain/formats/plain';
import type { TextCut } from '../../domain/formats/plain-text';
import type { RowLimit } from '../../domain/formats/row-limit';
import type { Row, SomeRows } from '../../domain/formats/rows';
import { MAX_ARCHIVE_BYTES } from '../../domain/sets/archive';
import { isReadable, MAX_FILE_COUNT } from '../../domain/sets/given-files';
import {
  SHOWN_ROWS,
  type GivenFile,
  type ImportOutcome,
  type ImportTask,
  type RowSource,
} from '../../domain/sets/import-task';
import type { TestSet } from '../../domain/sets/test-set';
import { readAddress, type HubSplit } from '../../domain/sets/set-address';

/** Does each step where it does not hold up the page, and where other hosts may be asked. */
export interface ImportSteps {
  /** @throws FaultError */
  run(task: ImportTask, signal: AbortSignal): Promise<ImportOutcome>;
  /** @throws FaultError */
  fetchText(url: URL, signal: AbortSignal): Promise<string>;
  /** The parts of a data set on the Hub. @throws FaultError */
  listSplits(dataset: string, signal: AbortSignal): Promise<readonly HubSplit[]>;
  /** @throws FaultError */
  fetchRows(
    split: HubSplit,
    most: number,
    signal: AbortSignal,
    onRows: (count: number) => void,
  ): Promise<readonly Row[]>;
  /** The rows of a part from which a task of lm-eval draws the examples of so many questions. @throws FaultError */
  fetchExamples(
    split: HubSplit,
    task: string,
    questions: number,
    signal: AbortSignal,
    onRows: (count: number) => void,
  ): Promise<SomeRows>;
}

export interface ImporterPorts {
  /** Of a set whose file does not say its language. */
  readonly language: string;
  readonly steps: ImportSteps;
}

/** A file as a page gets it. */
export interface PickedText {
  readonly name: string;
  readonly size: number;
  /** Of one in a folder; empty for one by itself. */
  readonly webkitRelativePath?: string;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A task whose rows are on the Hub, and where. */
interface TaskOnHub {
  readonly text: string;
  readonly name: string;
  readonly dataset?: TaskDataset;
}

/** What is to be decided next. */
export type ImportStep =
  | { readonly kind: 'source' }
  /** The parts of a data set on the Hub; of the one that a task asks for, where there is a task. */
  | {
      readonly kind: 'split';
      readonly splits: readonly HubSplit[];
      readonly task?: TaskOnHub;
    }
  | ImportOutcome;

/** A case as the mapping makes it of a row, or why it cannot. */
export type MappedRow =
  | { readonly prompt: string; readonly choices: readonly string[]; readonly graders: string }
  | { readonly problem: string };

export const MOST_HUB_ROWS = 5_000;
/** Of a set. */
export const MOST_CASES = MAX_CASES;

/** One import, from a text in whatever format to a set that is ready to be kept. */
export class Importer {
  #step = $state.raw<ImportStep>({ kind: 'source' });
  #busy = $state(false);
  #readRows = $state(0);
  #fault = $state.raw<Fault | undefined>();
  /** What has been given so far, and what was asked of it last. */
  #given: readonly GivenFile[] = [];
  #task: ImportTask | undefined;
  #abort = new AbortController();

  constructor(private readonly ports: ImporterPorts) {}

  get step(): ImportStep {
    return this.#step;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Rows read from the Hub so far. */
  get readRows(): number {
    return this.#readRows;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** Back to the beginning; what is being fetched is not waited for. */
  reset(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#step = { kind: 'source' };
    this.#given = [];
    this.#task = undefined;
    this.#fault = undefined;
    this.#busy = false;
  }

  readText(text: string, name = ''): Promise<void> {
    return this.#attempt(() => this.#take(text, name));
  }

  /** A set in one file or several, in a folder or an archive. */
  readFiles(files: readonly PickedText[]): Promise<void> {
    return this.#attempt(async () => {
      const given = await readPicked(files);
      if (given.length > 0) await this.#read(given);
    });
  }

  /** Files that what was given refers to. */
  addFiles(files: readonly PickedText[]): Promise<void> {
    return this.#attempt(async () => {
      const added = await readPicked(files);
      const task = this.#task;
      if (added.length === 0 || task?.kind !== 'read') return;
      const main = task.main ?? this.#given[0]?.path;
      const isSingle = this.#given.length === 1 && !isArchive(this.#given[0]?.path ?? '');
      const isReplaced = ({ path }: GivenFile) => added.some((each) => each.path === path);
      this.#given = [...this.#given.filter((each) => !isReplaced(each)), ...added];
      await this.#run({ ...task, given: this.#given, ...(isSingle && main !== undefined && { main }) });
    });
  }

  /** Says which of the files is the set. */
  chooseMain(path: string): Promise<void> {
    return this.#attempt(async () => {
      if (this.#task?.kind === 'read') await this.#run({ ...this.#task, main: path });
    });
  }

  /** Takes part of what has more rows than a set may have. */
  takePart(limit: RowLimit): Promise<void> {
    return this.#attempt(async () => {
      if (this.#task !== undefined) await this.#run({ ...this.#task, limit });
    });
  }

  /** Takes a text for questions without answers; `ask` shows how it could be cut. */
  readAsText(cut: TextCut | 'ask'): Promise<void> {
    return this.#attempt(async () => {
      const task = this.#task;
      if (task?.kind === 'read') await this.#run({ ...task, asText: cut });
    });
  }

  readUrl(address: string): Promise<void> {
    return this.#attempt(async () => {
      const url = readAddress(address);
      const text = await this.ports.steps.fetchText(url, this.#abort.signal);
      await this.#take(text, decodeURIComponent(url.pathname.split('/').at(-1) ?? ''));
    });
  }

  /** Asks the Hub which parts a data set has. */
  findSplits(dataset: string): Promise<void> {
    return this.#attempt(async () => {
      const step = this.#step;
      const splits = await this.ports.steps.listSplits(dataset, this.#abort.signal);
      const task = step.kind === 'rows' ? step : undefined;
      const wanted = task?.dataset?.name;
      const matching = splits.filter(({ config }) => wanted === undefined || config === wanted);
      const asked = task?.dataset?.split;
      this.#step = {
        kind: 'split',
        // What the task asks stands first.
        splits: (matching.length > 0 ? matching : splits).toSorted(
          (one, other) => Number(other.split === asked) - Number(one.split === asked),
        ),
        ...(task !== undefined && { task }),
      };
    });
  }

  /** Fetches the rows that a task draws its examples from, where its other rows came from a file. */
  findExamples(): Promise<void> {
    return this.#attempt(async () => {
      const step = this.#step;
      if (step.kind !== 'examples' || step.dataset === undefined) return;
      const { path, name } = step.dataset;
      const splits = await this.ports.steps.listSplits(path, this.#abort.signal);
      const found = splits.find(
        ({ config, split }) => split === step.part && (name === undefined || config === name),
      );
      if (found === undefined) throw badInput('data set', `it has no part "${step.part}"`);
      const fewshotRows = await this.#fetchExamples(found, step.text, step.questions);
      if (this.#task !== undefined) await this.#run({ ...this.#task, fewshotRows });
    });
  }

  #fetchExamples(split: HubSplit, text: string, questions: number): Promise<SomeRows> {
    this.#readRows = 0;
    const onRows = (count: number) => (this.#readRows = count);
    return this.ports.steps.fetchExamples(split, text, questions, this.#abort.signal, onRows);
  }

  fetchSplit(split: HubSplit, most: number): Promise<void> {
    return this.#attempt(async () => {
      const step = this.#step;
      this.#readRows = 0;
      const onRows = (count: number) => (this.#readRows = count);
      const { signal } = this.#abort;
      const count = Math.min(most, MOST_HUB_ROWS);
      const rows = await this.ports.steps.fetchRows(split, count, signal, onRows);
      const task = step.kind === 'split' ? step.task : undefined;
      if (task !== undefined) {
        const part = task.dataset?.fewshotSplit;
        const pool = part === undefined ? undefined : { ...split, split: part };
        await this.#join(task, rows, pool && (await this.#fetchExamples(pool, task.text, rows.length)));
      } else await this.#take(rows.map((row) => JSON.stringify(row)).join('\n'), split.dataset);
    });
  }

  /** The rows that a task of lm-eval only points to. */
  addRows(file: PickedText): Promise<void> {
    return this.#attempt(async () => {
      const step = this.#step;
      if (step.kind !== 'rows' && step.kind !== 'examples') return;
      const picked = { name: file.name, text: await readFile(file) };
      if (step.kind === 'rows') await this.#join(step, picked);
      else if (this.#task !== undefined) await this.#run({ ...this.#task, fewshotRows: picked });
    });
  }

  changeMapping(change: Partial<Mapping>): void {
    if (this.#step.kind === 'mapping') {
      this.#step = { ...this.#step, mapping: { ...this.#step.mapping, ...change } };
    }
  }

  /** The first rows as the mapping reads them now. */
  get mapped(): readonly MappedRow[] {
    if (this.#step.kind !== 'mapping') return [];
    const { rows, mapping } = this.#step;
    return rows.slice(0, SHOWN_ROWS).map((row) => describeRow(row, mapping));
  }

  applyMapping(): Promise<void> {
    return this.#attempt(async () => {
      if (this.#step.kind !== 'mapping') return;
      const { text, name, mapping, limit } = this.#step;
      const { language } = this.ports;
      const about = { text, name, language, ...(limit !== undefined && { limit }) };
      await this.#run({ kind: 'map', mapping: $state.snapshot(mapping), ...about });
    });
  }

  /** Corrects what a file did not say before the set is kept. */
  changeFacts(change: Partial<Pick<TestSet, 'title' | 'language' | 'licence'>>): void {
    if (this.#step.kind !== 'preview') return;
    const { imported } = this.#step;
    const testSet = { ...imported.testSet, ...change };
    this.#step = { ...this.#step, imported: { ...imported, testSet } };
  }

  async #take(text: string, name: string): Promise<void> {
    await this.#read([{ path: name, text }]);
  }

  #read(given: readonly GivenFile[]): Promise<void> {
    this.#given = given;
    return this.#run({ kind: 'read', given, language: this.ports.language });
  }

  #join({ text, name }: TaskOnHub, rows: RowSource, fewshotRows?: SomeRows): Promise<void> {
    const task = { kind: 'join', text, name, rows, language: this.ports.language } as const;
    return this.#run(fewshotRows === undefined ? task : { ...task, fewshotRows });
  }

  async #run(task: ImportTask): Promise<void> {
    const { signal } = this.#abort;
    this.#task = task;
    const outcome = await this.ports.steps.run(task, signal);
    if (!signal.aborted) this.#step = outcome;
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    const { signal } = this.#abort;
    this.#busy = true;
    this.#fault = undefined;
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) this.#fault = toFault(error);
    } finally {
      if (!signal.aborted) this.#busy = false;
    }
  }
}

/** @throws FaultError `bad-input` for files that are too large, or too many */
async function readPicked(files: readonly PickedText[]): Promise<readonly GivenFile[]> {
  const wanted = files.filter(({ webkitRelativePath: path = '' }) => path === '' || isReadable(path));
  if (wanted.length > MAX_FILE_COUNT) throw badInput('many files', String(wanted.length));
  if (wanted.length === 0 && files.length > 0)
    throw badInput('choice of files', 'none of them is a text of a set');
  const given: GivenFile[] = [];
  let characters = 0;
  for (const file of wanted) {
    const path =
      file.webkitRelativePath === undefined || file.webkitRelativePath === ''
        ? file.name
        : file.webkitRelativePath;
    if (isArchive(file.name)) {
      if (file.size > MAX_ARCHIVE_BYTES) throw tooLarge(file);
      given.push({ path, bytes: new Uint8Array(await file.arrayBuffer()) });
      continue;
    }
    const text = await readFile(file);
    characters += text.length;
    if (characters > MAX_TEXT_CHARACTERS) throw tooLarge({ name: path, size: characters });
    given.push({ path, text });
  }
  return given;
}

/** @throws FaultError `bad-input` for one that is too large */
async function readFile(file: PickedText): Promise<string> {
  if (file.size <= MAX_TEXT_CHARACTERS) return await file.text();
  throw tooLarge(file);
}

/** Of one file, or of all until this one. */
function tooLarge({ name, size }: { readonly name: string; readonly size: number }): FaultError {
  return badInput('large file', `${name} (${Math.round(size / 1024 / 1024)} MB)`);
}

function isArchive(name: string): boolean {
  return /\.zip$/i.test(name);
}

function describeRow(row: Row, mapping: Mapping): MappedRow {
  try {
    const draft = mapRow(row, mapping);
    if (draft === undefined) return { problem: '' };
    const graders = draft.graders.map(({ type, value }) =>
      `${type} ${value === undefined ? '' : JSON.stringify(value)}`.trim(),
    );
    return { prompt: draft.prompt, choices: draft.choices ?? [], graders: graders.join(', ') };
  } catch (error) {
    if (error instanceof FaultError && error.fault.kind === 'bad-input')
      return { problem: error.fault.detail };
    throw error;
  }
}
