import {
  MAX_BALLOTS,
  measureAgreement,
  parseBallots,
  toBattles,
  type Agreement,
  type Ballot,
} from '../../domain/arena/ballot';
import { toFault, type Fault } from '../../domain/fault';
import type { RunRecord, RunSummary, SettingsStore } from '../../domain/run/ports';
import type { Case } from '../../domain/sets/test-set';
import {
  findConnected,
  rateWithIntervals,
  type RatedWithInterval,
} from '../../domain/statistics/bradley-terry';
import { findRarest, listAnswers, listMatchups, listOpen, type Answer, type Matchup } from './matchups';

/** Where ballots are remembered. */
const KEY = 'arena';
/** Newer runs than this are enough to choose from. */
const MOST_RUNS = 40;

export interface ArenaPorts {
  readonly listRuns: () => Promise<readonly RunSummary[]>;
  readonly findRun: (runId: string) => Promise<RunRecord | undefined>;
  readonly settings: SettingsStore;
  /** Uniform, 0 to below 1. */
  readonly random: () => number;
}

/** Two answers, and on which sides they stand. */
export interface Showing {
  readonly question: string;
  readonly testCase: Case;
  readonly language: string;
  readonly left: Answer;
  readonly right: Answer;
}

export interface Standings {
  /** Best first; of those that ballots connect. */
  readonly rated: readonly (RatedWithInterval & { readonly name: string })[];
  /** Names of groups that no ballot connects with those. */
  readonly apart: readonly (readonly string[])[];
  readonly agreement: Agreement;
}

/** Stored answers judged by a person who does not know whose they are. */
export class Arena {
  #state = $state.raw<'loading' | 'ready' | 'failed'>('loading');
  #fault = $state.raw<Fault | undefined>();
  #ballots = $state.raw<readonly Ballot[]>([]);
  #matchups = $state.raw<readonly Matchup[]>([]);
  #answers = $state.raw<readonly Answer[]>([]);
  #showing = $state.raw<Showing | undefined>();
  #last = $state.raw<{ readonly showing: Showing; readonly choice: Ballot['choice'] } | undefined>();

  constructor(private readonly ports: ArenaPorts) {}

  get state(): 'loading' | 'ready' | 'failed' {
    return this.#state;
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  get ballots(): readonly Ballot[] {
    return this.#ballots;
  }

  /** What is to be judged now; undefined where nothing is left. */
  get showing(): Showing | undefined {
    return this.#showing;
  }

  /** What was judged before: only now it says whose they were. */
  get last(): { readonly showing: Showing; readonly choice: Ballot['choice'] } | undefined {
    return this.#last;
  }

  /** Pairs of answers that are not judged yet. */
  get left(): number {
    return listOpen(this.#matchups, this.#ballots).length;
  }

  nameOf(contestantId: string): string {
    return this.#answers.find((each) => each.contestantId === contestantId)?.name ?? contestantId;
  }

  async load(): Promise<void> {
    this.#state = 'loading';
    try {
      const stored = await this.ports.settings.get(KEY).catch(() => undefined);
      this.#ballots = readBallots(stored);
      const runs = (await this.ports.listRuns()).filter(({ finished }) => finished > 0).slice(0, MOST_RUNS);
      const records = await Promise.all(runs.map(({ run }) => this.ports.findRun(run.id)));
      const answers = listAnswers(records.flatMap((record) => record ?? []));
      this.#answers = answers;
      this.#matchups = listMatchups(answers);
      this.#show();
      this.#state = 'ready';
    } catch (error) {
      this.#fault = toFault(error);
      this.#state = 'failed';
    }
  }

  async vote(choice: Ballot['choice']): Promise<void> {
    const showing = this.#showing;
    if (showing === undefined || this.#ballots.length >= MAX_BALLOTS) return;
    const { question, left, right } = showing;
    const ballot: Ballot = {
      question,
      leftId: left.contestantId,
      leftRun: left.runId,
      rightId: right.contestantId,
      rightRun: right.runId,
      choice,
      leftVerdict: left.verdict,
      rightVerdict: right.verdict,
    };
    this.#last = { showing, choice };
    await this.#keep([...this.#ballots, ballot]);
  }

  /** Takes the last ballot back, and shows its answers again. */
  async undo(): Promise<void> {
    const last = this.#last;
    if (last === undefined) return;
    this.#last = undefined;
    await this.#keep(this.#ballots.slice(0, -1));
    this.#showing = last.showing;
  }

  async clear(): Promise<void> {
    this.#last = undefined;
    await this.#keep([]);
  }

  /** Absent before the first ballot. */
  get standings(): Standings | undefined {
    if (this.#ballots.length === 0) return undefined;
    const battles = toBattles(this.#ballots);
    const [largest = [], ...others] = findConnected(battles);
    const rated = rateWithIntervals(battles.filter(({ firstId }) => largest.includes(firstId)));
    return {
      rated: rated.map((each) => ({ ...each, name: this.nameOf(each.id) })),
      apart: others.map((group) => group.map((id) => this.nameOf(id))),
      agreement: measureAgreement(this.#ballots),
    };
  }

  async #keep(ballots: readonly Ballot[]): Promise<void> {
    this.#ballots = ballots;
    this.#show();
    await this.ports.settings.set(KEY, ballots).catch(() => undefined);
  }

  /** Of the pair of models with the fewest ballots, any question; the sides by chance. */
  #show(): void {
    const rare = findRarest(listOpen(this.#matchups, this.#ballots), this.#ballots);
    const chosen = rare[Math.floor(this.ports.random() * rare.length)];
    if (chosen === undefined) {
      this.#showing = undefined;
      return;
    }
    const { question, testCase, language, first, second } = chosen;
    const [left, right] = this.ports.random() < 0.5 ? [first, second] : [second, first];
    this.#showing = { question, testCase, language, left, right };
  }
}

function readBallots(stored: unknown): readonly Ballot[] {
  if (stored === undefined) return [];
  try {
    return parseBallots(stored);
  } catch {
    // Of another version of this page.
    return [];
  }
}
