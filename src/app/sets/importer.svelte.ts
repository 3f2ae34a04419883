import { badInput, FaultError, toFault, type Fault } from '../../domain/fault';
import type { ImportedSet } from '../../domain/formats/format';
import { MAX_TEXT_CHARACTERS } from '../../domain/formats/limits';
import type { TaskDataset } from '../../domain/formats/lm-eval';
import { mapRow, type Mapping } from '../../domain/formats/plain';
import type { Row } from '../../domain/formats/rows';
import { SHOWN_ROWS, type ImportOutcome, type ImportTask } from '../../domain/sets/import-task';
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
  text(): Promise<string>;
}

/** What is to be decided next. */
export type ImportStep =
  | { readonly kind: 'source' }
  /** Nobody knows the format, or only its columns: which is what? */
  | {
      readonly kind: 'mapping';
      readonly text: string;
      readonly columns: readonly string[];
      readonly mapping: Mapping;
      readonly rows: readonly Row[];
    }
  /** A task of lm-eval, which is nothing without the rows of its data set. */
  | { readonly kind: 'rows'; readonly text: string; readonly dataset?: TaskDataset }
  | { readonly kind: 'split'; readonly splits: readonly HubSplit[]; readonly taskText?: string }
  | { readonly kind: 'preview'; readonly formatLabel: string; readonly imported: ImportedSet };

/** A case as the mapping makes it of a row, or why it cannot. */
export type MappedRow =
  | { readonly prompt: string; readonly choices: readonly string[]; readonly graders: string }
  | { readonly problem: string };

export const MOST_HUB_ROWS = 5_000;

/** One import, from a text in whatever format to a set that is ready to be kept. */
export class Importer {
  #step = $state.raw<ImportStep>({ kind: 'source' });
  #busy = $state(false);
  #readRows = $state(0);
  #fault = $state.raw<Fault | undefined>();
  #name = '';
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
    this.#fault = undefined;
    this.#busy = false;
  }

  readText(text: string, name = ''): Promise<void> {
    return this.#attempt(() => this.#take(text, name));
  }

  /** A file, or a task of lm-eval and its rows picked together. */
  readFiles(files: readonly PickedText[]): Promise<void> {
    return this.#attempt(async () => {
      const texts: { name: string; text: string }[] = [];
      for (const file of files) texts.push({ name: file.name, text: await readFile(file) });
      const [first, second] = texts.sort((a, b) => Number(isYaml(b.name)) - Number(isYaml(a.name)));
      if (first === undefined) return;
      await this.#take(first.text, first.name);
      if (second === undefined) return;
      if (this.#step.kind !== 'rows') {
        throw badInput('choice of files', 'only a task of lm-eval comes with a second file, its rows');
      }
      await this.#join(this.#step.text, second);
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
      const wanted = step.kind === 'rows' ? step.dataset?.name : undefined;
      const matching = splits.filter(({ config }) => wanted === undefined || config === wanted);
      this.#step = {
        kind: 'split',
        splits: matching.length > 0 ? matching : splits,
        ...(step.kind === 'rows' && { taskText: step.text }),
      };
    });
  }

  fetchSplit(split: HubSplit, most: number): Promise<void> {
    return this.#attempt(async () => {
      const step = this.#step;
      this.#readRows = 0;
      const onRows = (count: number) => (this.#readRows = count);
      const { signal } = this.#abort;
      const count = Math.min(most, MOST_HUB_ROWS);
      const rows = await this.ports.steps.fetchRows(split, count, signal, onRows);
      if (step.kind === 'split' && step.taskText !== undefined) await this.#join(step.taskText, rows);
      else await this.#take(rows.map((row) => JSON.stringify(row)).join('\n'), split.dataset);
    });
  }

  /** The rows that a task of lm-eval only points to. */
  addRows(file: PickedText): Promise<void> {
    return this.#attempt(async () => {
      if (this.#step.kind !== 'rows') return;
      await this.#join(this.#step.text, { name: file.name, text: await readFile(file) });
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
      const { text, mapping } = this.#step;
      await this.#run({ kind: 'map', text, mapping: $state.snapshot(mapping), ...this.#about() });
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
    this.#name = name;
    await this.#run({ kind: 'read', text, ...this.#about() });
  }

  #join(text: string, rows: Extract<ImportTask, { kind: 'join' }>['rows']): Promise<void> {
    return this.#run({ kind: 'join', text, rows, ...this.#about() });
  }

  #about(): { readonly name: string; readonly language: string } {
    return { name: this.#name, language: this.ports.language };
  }

  async #run(task: ImportTask): Promise<void> {
    const { signal } = this.#abort;
    const outcome = await this.ports.steps.run(task, signal);
    if (signal.aborted) return;
    this.#step = outcome.kind === 'preview' ? outcome : { ...outcome, text: task.text };
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

/** @throws FaultError `bad-input` for one that is too large */
async function readFile(file: PickedText): Promise<string> {
  const { name, size } = file;
  if (size <= MAX_TEXT_CHARACTERS) return await file.text();
  throw badInput(name, `${Math.round(size / 1024 / 1024)} MB; at most 64 MB can be read`);
}

function isYaml(name: string): boolean {
  return /\.ya?ml$/i.test(name);
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
