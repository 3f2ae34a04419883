import { isGeneratedId } from './set-facts';
import { summarise, type LoadedSet, type SetSummary } from './test-sets';

/** The sets to choose from. A set is loaded when it is first opened, and once. */
export class SetShelf {
  #summaries = $state.raw<readonly SetSummary[]>([]);
  #loaded = $state.raw<readonly LoadedSet[]>([]);

  constructor(
    bundled: readonly SetSummary[],
    private readonly load: (id: string) => Promise<LoadedSet>,
  ) {
    this.#summaries = bundled;
  }

  get summaries(): readonly SetSummary[] {
    return this.#summaries;
  }

  /** Undefined while it is being loaded. */
  findLoaded(id: string): LoadedSet | undefined {
    return this.#loaded.find(({ testSet }) => testSet.id === id);
  }

  /** @throws FaultError */
  async open(id: string): Promise<LoadedSet> {
    const known = this.findLoaded(id);
    if (known !== undefined) return known;
    const loaded = await this.load(id);
    this.#loaded = [...this.#loaded, loaded];
    return loaded;
  }

  /** The set that a shared run was about, if it is here: a bundled one, or one that can be generated again. */
  async findSame({ id, sha256 }: Pick<SetSummary, 'id' | 'sha256'>): Promise<LoadedSet | undefined> {
    const known = this.#summaries.find((each) => each.sha256 === sha256)?.id;
    if (known === undefined && !isGeneratedId(id)) return undefined;
    try {
      const found = await this.open(known ?? id);
      if (found.sha256 !== sha256) return undefined;
      this.#add(found);
      return found;
    } catch {
      return undefined;
    }
  }

  /** The id of a set that was chosen before, if it is still here; one that can be generated again is. */
  async findChosenBefore(id: string): Promise<string | undefined> {
    if (isGeneratedId(id)) {
      const generated = await this.open(id).catch(() => undefined);
      if (generated !== undefined) this.#add(generated);
    }
    return this.#summaries.find((each) => each.id === id)?.id;
  }

  /** Sets kept on this device join the others; in place of older versions of them. */
  offer(summaries: readonly SetSummary[]): void {
    const isOld = ({ id }: SetSummary) => summaries.some((each) => each.id === id);
    this.#summaries = [...this.#summaries.filter((set) => !isOld(set)), ...summaries];
  }

  /** A new version of a set, to be used from now on. */
  replace(set: LoadedSet): void {
    const { id } = set.testSet;
    this.#loaded = [...this.#loaded.filter(({ testSet }) => testSet.id !== id), set];
    const at = this.#summaries.findIndex((each) => each.id === id);
    this.#summaries =
      at < 0 ? [...this.#summaries, summarise(set)] : this.#summaries.with(at, summarise(set));
  }

  withdraw(id: string): void {
    this.#summaries = this.#summaries.filter((each) => each.id !== id);
    this.#loaded = this.#loaded.filter(({ testSet }) => testSet.id !== id);
  }

  /** One that is not bundled joins the others. */
  #add(set: LoadedSet): void {
    if (!this.#summaries.some(({ id }) => id === set.testSet.id)) {
      this.#summaries = [...this.#summaries, summarise(set)];
    }
  }
}
