import { toFault, type Fault } from '../../domain/fault';
import type { RunRecord } from '../../domain/run/ports';
import { decodeShareLink } from '../../domain/sharing/share-link';
import { holdContest, type Contest } from '../../domain/statistics/contest';
import type { Case } from '../../domain/sets/test-set';
import { enterRun, enterShared, type Contestant } from './contestants';
import type { RowAnswer } from './sheet';

export type CompareFilter = 'all' | 'flips' | 'all-wrong' | 'all-right';

/** One question with the answers of all that are compared, in their order. */
export interface CompareRow {
  readonly testCase: Case;
  readonly kind: Exclude<CompareFilter, 'all'>;
  readonly answers: readonly (RowAnswer | undefined)[];
}

export type CompareState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** Fewer than two of the runs are here. */
  | { readonly kind: 'too-few' }
  /** A link whose questions none of the chosen runs has. */
  | { readonly kind: 'unknown-set' }
  | {
      readonly kind: 'ready';
      readonly contestants: readonly Contestant[];
      readonly contest: Contest;
      /** Runs that were asked for and are not on this device. */
      readonly missing: number;
    };

type FindRun = (runId: string) => Promise<RunRecord | undefined>;

/** A few runs side by side. */
export class Compare {
  #state = $state.raw<CompareState>({ kind: 'loading' });
  #filter = $state<CompareFilter | undefined>();
  readonly #rows = $derived.by(() => (this.#state.kind === 'ready' ? listRows(this.#state) : []));

  /** @param ids of runs, or `r=` and the payload of a link */
  constructor(
    private readonly ids: readonly string[],
    private readonly findRun: FindRun,
  ) {}

  get state(): CompareState {
    return this.#state;
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
    this.#state = { kind: 'loading' };
    try {
      this.#state = await this.#read();
    } catch (error) {
      this.#state = { kind: 'failed', fault: toFault(error) };
    }
  }

  async #read(): Promise<CompareState> {
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
    const contestants = [...shared, ...records.map(enterRun)];
    return {
      kind: 'ready',
      contestants,
      contest: holdContest(contestants),
      missing: found.length - records.length,
    };
  }
}

function isLink(id: string): boolean {
  return id.startsWith('r=');
}

function listRows({ contestants, contest }: Extract<CompareState, { kind: 'ready' }>): readonly CompareRow[] {
  const caseOf = new Map(contestants[0]?.cases.map((each) => [each.id, each]));
  const passes = contestants.map(({ scores }) => new Map(scores.map(({ caseId, pass }) => [caseId, pass])));
  return contest.caseIds.flatMap((id): CompareRow[] => {
    const testCase = caseOf.get(id);
    if (testCase === undefined) return [];
    const right = passes.filter((each) => each.get(id) === true).length;
    return [
      {
        testCase,
        kind: right === 0 ? 'all-wrong' : right === contestants.length ? 'all-right' : 'flips',
        answers: contestants.map(({ answers }) => answers.get(id)),
      },
    ];
  });
}
