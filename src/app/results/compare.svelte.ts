import { toFault, type Fault } from '../../domain/fault';
import type { RunRecord } from '../../domain/run/ports';
import { decodeShareLink } from '../../domain/sharing/share-link';
import { shareOf } from '../../domain/statistics/compare';
import { holdContest, type Contest } from '../../domain/statistics/contest';
import type { Case } from '../../domain/sets/test-set';
import { enterPool, enterRun, enterShared, type Contestant } from './contestants';
import type { RowAnswer } from './sheet';
import { poolRecords } from './pool-records';

export type CompareFilter = 'all' | 'flips' | 'all-wrong' | 'all-right';

/** One question with the answers of all that are compared, in their order. */
export interface CompareRow {
  readonly testCase: Case;
  readonly kind: Exclude<CompareFilter, 'all'>;
  readonly answers: readonly (RowAnswer | undefined)[];
}

interface Ready {
  readonly kind: 'ready';
  readonly contestants: readonly Contestant[];
  readonly contest: Contest;
  /** Runs that were asked for and are not on this device. */
  readonly missing: number;
}

interface Loaded {
  readonly kind: 'loaded';
  readonly shared: readonly Contestant[];
  /** In the order that they were asked for. */
  readonly records: readonly RunRecord[];
  /** Runs of one setup together. */
  readonly pools: readonly (readonly RunRecord[])[];
  readonly missing: number;
}

type Unready =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** Fewer than two of the runs are here. */
  | { readonly kind: 'too-few' }
  /** A link whose questions none of the chosen runs has. */
  | { readonly kind: 'unknown-set' };

export type CompareState = Unready | Ready;

type FindRun = (runId: string) => Promise<RunRecord | undefined>;

/** A few runs side by side. */
export class Compare {
  #loaded = $state.raw<Unready | Loaded>({ kind: 'loading' });
  #pooling = $state<boolean | undefined>();
  #filter = $state<CompareFilter | undefined>();
  readonly #state = $derived.by((): CompareState =>
    this.#loaded.kind === 'loaded' ? hold(this.#loaded, this.pooling) : this.#loaded,
  );
  readonly #rows = $derived.by(() => (this.#state.kind === 'ready' ? listRows(this.#state) : []));

  /** @param ids of runs, or `r=` and the payload of a link */
  constructor(
    private readonly ids: readonly string[],
    private readonly findRun: FindRun,
  ) {}

  get state(): CompareState {
    return this.#state;
  }

  /** Some of the runs were run the same way, so they may be pooled. */
  get canPool(): boolean {
    return this.#loaded.kind === 'loaded' && this.#loaded.pools.some((pool) => pool.length > 1);
  }

  /** Runs of one setup count as one. From the start only where two are left to compare; a choice changes that. */
  get pooling(): boolean {
    if (this.#loaded.kind !== 'loaded' || !this.canPool || this.#countPooled() < 2) return false;
    return this.#pooling ?? true;
  }

  set pooling(pooling: boolean) {
    this.#pooling = pooling;
  }

  /** There is nothing to compare once they are pooled. */
  get isOnePool(): boolean {
    return this.canPool && this.#countPooled() < 2;
  }

  #countPooled(): number {
    return this.#loaded.kind === 'loaded' ? this.#loaded.shared.length + this.#loaded.pools.length : 0;
  }

  /** What flips, unless nothing does, until something else is chosen. */
  get filter(): CompareFilter {
    return this.#filter ?? (this.count('flips') > 0 ? 'flips' : 'all');
  }

  set filter(filter: CompareFilter) {
    this.#filter = filter;
  }

  /** Every compared question, in the order of the first set. */
  get allRows(): readonly CompareRow[] {
    return this.#rows;
  }

  /** Those that the filter lets through. */
  get rows(): readonly CompareRow[] {
    const { filter } = this;
    return filter === 'all' ? this.#rows : this.#rows.filter(({ kind }) => kind === filter);
  }

  count(filter: CompareFilter): number {
    return filter === 'all' ? this.#rows.length : this.#rows.filter(({ kind }) => kind === filter).length;
  }

  async load(): Promise<void> {
    this.#loaded = { kind: 'loading' };
    try {
      this.#loaded = await this.#read();
    } catch (error) {
      this.#loaded = { kind: 'failed', fault: toFault(error) };
    }
  }

  async #read(): Promise<Unready | Loaded> {
    const ids = this.ids.filter((id, at) => this.ids.indexOf(id) === at);
    const found = await Promise.all(ids.filter((id) => !isLink(id)).map((id) => this.findRun(id)));
    const records = found.flatMap((record) => record ?? []);
    const links = await Promise.all(ids.filter(isLink).map((id) => decodeShareLink(id.slice(2))));
    if (records.length + links.length < 2) return { kind: 'too-few' };
    const shared = links.flatMap((link, index) => {
      const own = records.find(({ run }) => run.setup.set.sha256 === link.set.sha256);
      return own === undefined ? [] : [enterShared(`link-${index}`, link, own.testSet)];
    });
    if (shared.length < links.length) return { kind: 'unknown-set' };
    const pools = poolRecords(records);
    return { kind: 'loaded', shared, records, pools, missing: found.length - records.length };
  }
}

function isLink(id: string): boolean {
  return id.startsWith('r=');
}

function hold({ shared, records, pools, missing }: Loaded, pooling: boolean): Ready {
  const own = pooling ? pools.map(enterPool) : records.map(enterRun);
  const contestants = [...shared, ...own];
  return { kind: 'ready', contestants, contest: holdContest(contestants), missing };
}

function listRows({ contestants, contest }: Ready): readonly CompareRow[] {
  const caseOf = new Map(contestants[0]?.cases.map((each) => [each.id, each]));
  const shares = contestants.map(
    ({ scores }) => new Map(scores.map((score) => [score.caseId, shareOf(score)])),
  );
  return contest.caseIds.flatMap((id): CompareRow[] => {
    const testCase = caseOf.get(id);
    if (testCase === undefined) return [];
    // One that was stopped early has none for some.
    const verdicts = shares.flatMap((each) => each.get(id) ?? []);
    return [
      {
        testCase,
        kind: verdicts.every((share) => share === 0)
          ? 'all-wrong'
          : verdicts.every((share) => share === 1)
            ? 'all-right'
            : 'flips',
        answers: contestants.map(({ answers }) => answers.get(id)),
      },
    ];
  });
}
