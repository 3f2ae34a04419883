import { toFault, type Fault } from '../../domain/fault';
import type { SetStore, StoredSetSummary } from '../../domain/run/ports';
import { hashTestSet, type TestSet } from '../../domain/sets/test-set';
import { findFreeSetId, listTags } from './set-facts';
import { summarise, type LoadedSet, type SetSummary } from './test-sets';

export interface SetsPorts {
  readonly store: SetStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly bundled: readonly SetSummary[];
  /** A set was saved: whoever has it loaded has an old version. */
  readonly onSaved: (set: LoadedSet) => void;
  readonly onDeleted: (id: string) => void;
}

/** How many tags a list shows of a set. */
const SHOWN_TAGS = 6;

/** The sets kept on this device, beside those that come with the page. */
export class Sets {
  #stored = $state.raw<readonly StoredSetSummary[] | undefined>();
  #fault = $state.raw<Fault | undefined>();

  constructor(private readonly ports: SetsPorts) {}

  get bundled(): readonly SetSummary[] {
    return this.ports.bundled;
  }

  /** Newest first; undefined until read. */
  get stored(): readonly StoredSetSummary[] | undefined {
    return this.#stored;
  }

  /** What storage said last. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  async refresh(): Promise<void> {
    try {
      this.#stored = await this.ports.store.list();
      this.#fault = undefined;
    } catch (error) {
      this.#stored ??= [];
      this.#fault = toFault(error);
    }
  }

  /** @returns undefined when this device keeps no such set */
  async find(id: string): Promise<LoadedSet | undefined> {
    const testSet = await this.ports.store.get(id);
    return testSet && { testSet, sha256: await hashTestSet(testSet) };
  }

  /** Keeps a set under its id, in place of an older version of it. @throws what storage throws */
  async save(testSet: TestSet): Promise<LoadedSet> {
    const set = { testSet, sha256: await hashTestSet(testSet) };
    await this.ports.store.put(describe(set, this.ports.now()), testSet);
    this.ports.onSaved(set);
    await this.refresh();
    return set;
  }

  /** Keeps a set beside all others: under an id that none of them has. @throws what storage throws */
  async add(testSet: TestSet): Promise<LoadedSet> {
    if (this.#stored === undefined) await this.refresh();
    return this.save({ ...testSet, id: this.#findFreeId(testSet.id) });
  }

  async delete(id: string): Promise<void> {
    try {
      await this.ports.store.delete(id);
      this.ports.onDeleted(id);
      await this.refresh();
    } catch (error) {
      this.#fault = toFault(error);
    }
  }

  #findFreeId(wanted: string): string {
    return findFreeSetId(
      wanted,
      [...this.bundled, ...(this.#stored ?? [])].map(({ id }) => id),
    );
  }
}

function describe(set: LoadedSet, updatedAt: number): StoredSetSummary {
  const { licence } = set.testSet;
  const tags = listTags(set.testSet).slice(0, SHOWN_TAGS);
  return { ...summarise(set), licence, tags, updatedAt };
}
