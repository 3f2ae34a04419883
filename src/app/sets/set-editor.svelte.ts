import { toFault, type Fault } from '../../domain/fault';
import { checkSpec } from '../../domain/graders/registry';
import { parseTestSet, type Case, type GraderSpec, type TestSet } from '../../domain/sets/test-set';
import { findFreeCaseId } from './set-facts';

export interface EditorPorts {
  readonly save: (testSet: TestSet) => Promise<unknown>;
  /** How long nothing must change before it is saved. */
  readonly quietMs: number;
}

/** What a person may change of a set beside its cases. */
export type SetFields = Partial<
  Pick<TestSet, 'title' | 'description' | 'system' | 'language' | 'licence' | 'source'>
>;
export type SaveState = 'saved' | 'waiting' | 'saving' | 'invalid' | 'failed';

/** Versions kept for undo. They share the cases that did not change. */
const MOST_VERSIONS = 200;

/**
 * A set being edited: every change makes a new version, versions can be undone, and a version that is a valid set is
 * saved once nothing has changed for a moment. An invalid one is shown, but never saved.
 */
export class SetEditor {
  #testSet: TestSet;
  #undo = $state.raw<readonly TestSet[]>([]);
  #redo = $state.raw<readonly TestSet[]>([]);
  #saveState = $state<SaveState>('saved');
  #fault = $state.raw<Fault | undefined>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What the last change was about: typing on in one field is one step to undo. */
  #lastTopic = '';
  #saving: Promise<void> = Promise.resolve();

  constructor(
    testSet: TestSet,
    private readonly ports: EditorPorts,
  ) {
    this.#testSet = $state.raw(testSet);
  }

  get testSet(): TestSet {
    return this.#testSet;
  }

  get saveState(): SaveState {
    return this.#saveState;
  }

  /** Why this version cannot be saved. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get canUndo(): boolean {
    return this.#undo.length > 0;
  }

  get canRedo(): boolean {
    return this.#redo.length > 0;
  }

  undo(): void {
    const previous = this.#undo.at(-1);
    if (previous === undefined) return;
    this.#undo = this.#undo.slice(0, -1);
    this.#redo = [...this.#redo, this.#testSet];
    this.#show(previous);
  }

  redo(): void {
    const next = this.#redo.at(-1);
    if (next === undefined) return;
    this.#redo = this.#redo.slice(0, -1);
    this.#undo = [...this.#undo, this.#testSet];
    this.#show(next);
  }

  /** An empty text takes an optional field away. */
  changeFields(change: SetFields): void {
    const next = dropEmpty({ ...this.#testSet, ...change }, ['description', 'system', 'source']);
    this.#change(next, `set ${Object.keys(change).join()}`);
  }

  changeCase(index: number, change: Partial<{ [Key in keyof Case]: Case[Key] | undefined }>): void {
    const old = this.#testSet.cases[index];
    if (old === undefined) return;
    const changed = dropEmpty({ ...old, ...change }, [
      'choices',
      'images',
      'group',
      'explanation',
      'threshold',
    ]);
    this.#changeCases(
      this.#testSet.cases.with(index, changed as Case),
      `case ${index} ${Object.keys(change).join()}`,
    );
  }

  /** @returns its place */
  addCase(): number {
    const { cases } = this.#testSet;
    const created: Case = {
      id: this.#findFreeId('case'),
      prompt: '?',
      graders: [{ type: 'icontains', value: '' }],
      tags: [],
    };
    this.#changeCases([...cases, created]);
    return cases.length;
  }

  duplicateCase(index: number): void {
    const original = this.#testSet.cases[index];
    if (original === undefined) return;
    const copy = { ...original, id: this.#findFreeId(original.id) };
    this.#changeCases(this.#testSet.cases.toSpliced(index + 1, 0, copy));
  }

  deleteCase(index: number): void {
    this.#changeCases(this.#testSet.cases.toSpliced(index, 1));
  }

  /** Up by -1, down by 1; does nothing at the end of the list. */
  moveCase(index: number, by: number): void {
    const { cases } = this.#testSet;
    const moved = cases[index];
    const to = index + by;
    if (moved === undefined || to < 0 || to >= cases.length) return;
    this.#changeCases(cases.toSpliced(index, 1).toSpliced(to, 0, moved));
  }

  /** Saves at once what waits to be saved. */
  async flush(): Promise<void> {
    if (this.#timer !== undefined) this.#save();
    await this.#saving;
  }

  #changeCases(cases: Case[], topic = ''): void {
    this.#change({ ...this.#testSet, cases }, topic);
  }

  #change(next: TestSet, topic: string): void {
    const goesOn = topic !== '' && topic === this.#lastTopic && this.#undo.length > 0;
    if (!goesOn) this.#undo = [...this.#undo.slice(1 - MOST_VERSIONS), this.#testSet];
    this.#redo = [];
    this.#show(next);
    this.#lastTopic = topic;
  }

  #show(version: TestSet): void {
    this.#testSet = version;
    this.#lastTopic = '';
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      parseTestSet(version);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = toFault(error);
      this.#saveState = 'invalid';
      return;
    }
    this.#saveState = 'waiting';
    this.#timer = setTimeout(() => this.#save(), this.ports.quietMs);
  }

  #save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const version = this.#testSet;
    this.#saveState = 'saving';
    this.#saving = this.#saving
      .then(() => this.ports.save(version))
      .then(
        () => {
          if (this.#testSet === version) this.#saveState = 'saved';
        },
        (error: unknown) => {
          this.#fault = toFault(error);
          this.#saveState = 'failed';
        },
      );
  }

  #findFreeId(like: string): string {
    return findFreeCaseId(this.#testSet, like);
  }
}

function dropEmpty<Value extends object>(value: Value, optional: readonly (keyof Value)[]): Value {
  const copy = { ...value };
  for (const key of optional) {
    const field = copy[key];
    if (field === undefined || field === '' || (Array.isArray(field) && field.length === 0))
      Reflect.deleteProperty(copy, key);
  }
  return copy;
}

/** What is wrong with a grader; undefined when nothing is. */
export function findGraderFault(spec: GraderSpec): Fault | undefined {
  try {
    checkSpec(spec);
    return undefined;
  } catch (error) {
    return toFault(error);
  }
}
