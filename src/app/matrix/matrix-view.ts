import type { Fault } from '../../domain/fault';
import { findMatrixArtifact, type MatrixCell, type MatrixPlan } from '../../domain/matrix/plan';
import type { RunRecord } from '../../domain/run/ports';
import { settleRepeats } from '../../domain/run/repeats';
import type { Result } from '../../domain/run/run';
import { sumResults } from '../../domain/run/totals';
import type { Case } from '../../domain/sets/test-set';
import { shareOf, type CaseScore } from '../../domain/statistics/compare';
import { scoreCases } from '../../domain/statistics/compare-runs';
import { holdContest, type Contest, type Entrant } from '../../domain/statistics/contest';
import { estimateProportion, type Proportion } from '../../domain/statistics/effective-size';
import { poolScores } from '../../domain/statistics/pool';
import { describeResult, type RowAnswer } from '../results/sheet';

export interface MatrixState {
  readonly plan: MatrixPlan;
  readonly findRecord: (runId: string) => RunRecord | undefined;
  readonly faults: ReadonlyMap<string, Fault>;
  readonly currentId: string | undefined;
}

/** One model on one set: all its repeats together. */
export interface MatrixField {
  readonly modelAt: number;
  readonly setAt: number;
  readonly cells: readonly MatrixCell[];
  readonly state: 'waiting' | 'running' | 'part' | 'done' | 'failed' | 'skipped';
  /** Answers that there are, and that there are to be. */
  readonly done: number;
  readonly total: number;
  readonly proportion: Proportion;
  readonly passed: number;
  readonly tokensPerSecond?: number;
  readonly fault?: Fault;
  /** Of its first run that has begun. */
  readonly runId?: string;
}

export type MatrixFilter = 'all' | 'disagree' | 'all-wrong' | 'all-right' | 'unreadable';

export interface MatrixRow {
  readonly id: string;
  readonly testCase: Case;
  readonly topic: string;
  readonly language: string;
  readonly kinds: readonly Exclude<MatrixFilter, 'all'>[];
  /** One for each model; undefined where it has not answered. */
  readonly answers: readonly (RowAnswer | undefined)[];
}

export interface MatrixView {
  /** For each model, one for each set. */
  readonly fields: readonly (readonly MatrixField[])[];
  /** Of the models, by their places as text, over the questions of all sets. */
  readonly contest: Contest;
  /** Of each model, right and wrong in the order of the questions that are compared. */
  readonly marks: readonly (readonly boolean[])[];
  /** Questions that one model at least has answered. */
  readonly rows: readonly MatrixRow[];
  readonly done: number;
  readonly total: number;
  /** Mean time of an answer so far, of each model that has answered. */
  readonly caseMs: readonly (number | undefined)[];
}

/** Everything that the board shows. */
export function viewMatrix(state: MatrixState): MatrixView {
  const { plan } = state;
  const sets = plan.sets.map((_set, setAt) => findCases(state, setAt));
  const columns = plan.models.map((_model, modelAt) =>
    plan.sets.map((_set, setAt) => readField(state, modelAt, setAt, sets[setAt] ?? [])),
  );
  const entrants = columns.map((column, modelAt): Entrant => ({
    id: String(modelAt),
    cases: sets.flatMap((cases, setAt) => prefixCases(cases, setAt)),
    scores: column.flatMap(({ scores }, setAt) =>
      scores.map((score) => ({
        ...score,
        caseId: nameCase(setAt, score.caseId),
        ...(score.cluster !== undefined && { cluster: nameCase(setAt, score.cluster) }),
      })),
    ),
    reached: new Set(column.flatMap(({ reached }, setAt) => reached.map((id) => nameCase(setAt, id)))),
  }));
  const contest = holdContest(entrants);
  const kept = new Set(contest.caseIds);
  const fields = columns.map((column) => column.map(({ field }) => field));
  return {
    fields,
    contest,
    marks: entrants.map(({ scores }) =>
      scores.filter(({ caseId }) => kept.has(caseId)).map(({ pass }) => pass),
    ),
    rows: sets.flatMap((cases, setAt) => listRows(plan, columns, cases, setAt)),
    done: sum(fields.flat().map(({ done }) => done)),
    total: sum(fields.flat().map(({ state: at, done, total }) => (at === 'skipped' ? done : total))),
    caseMs: plan.models.map((_model, modelAt) => measureCase(state, modelAt)),
  };
}

/** Seconds that are left, by what each model took so far; undefined before anything is known. */
export function estimateRemaining({ fields, caseMs }: MatrixView, plan: MatrixPlan): number | undefined {
  const bytesOf = (at: number) => {
    const entry = plan.models[at];
    const artifact = entry && findMatrixArtifact(entry);
    return (
      artifact?.files.reduce(
        (all, { bytes, approximateBytes }) => all + (bytes ?? approximateBytes ?? 0),
        0,
      ) ?? 0
    );
  };
  const known = caseMs.findIndex((each) => each !== undefined);
  const reference = caseMs[known];
  if (reference === undefined) return undefined;
  const milliseconds = fields.map((column, at) => {
    const left = sum(
      column.map(({ state, done, total }) => (state === 'skipped' || state === 'done' ? 0 : total - done)),
    );
    // Time grows with the weights that each token goes through.
    const scale = bytesOf(known) > 0 && bytesOf(at) > 0 ? bytesOf(at) / bytesOf(known) : 1;
    return left * (caseMs[at] ?? reference * scale);
  });
  return sum(milliseconds) / 1_000;
}

interface Column {
  readonly field: MatrixField;
  readonly scores: readonly CaseScore[];
  readonly reached: readonly string[];
  readonly results: ReadonlyMap<string, Result>;
}

function readField(state: MatrixState, modelAt: number, setAt: number, cases: readonly Case[]): Column {
  const { plan, findRecord, faults, currentId } = state;
  const cells = plan.cells.filter((cell) => cell.modelAt === modelAt && cell.setAt === setAt);
  const records = cells.flatMap(({ runId }) => findRecord(runId) ?? []);
  const runs = records.map(({ results }) => scoreCases(results, cases));
  const scores = runs.length > 1 ? poolScores(runs) : (runs[0] ?? []);
  const settled = records.flatMap(({ results }) => settleRepeats(results));
  const { tokensPerSecond } = sumResults(records[0]?.results ?? []);
  const proportion = estimateProportion(
    runs.flat().map(({ caseId, pass, cluster }) => ({
      value: Number(pass),
      cluster: cluster ?? (runs.length > 1 ? caseId : undefined),
    })),
  );
  const fault = cells.flatMap(({ runId }) => faults.get(runId) ?? [])[0];
  const caseCount = plan.sets[setAt]?.caseCount ?? 0;
  const field: MatrixField = {
    modelAt,
    setAt,
    cells,
    state: nameState(cells, records, fault, currentId),
    done: settled.length,
    total: caseCount * cells.length,
    proportion,
    passed: runs.flat().filter(({ pass }) => pass).length,
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
    ...(fault !== undefined && { fault }),
    ...(records[0] !== undefined && { runId: records[0].run.id }),
  };
  return {
    field,
    scores,
    reached: settled.map(({ caseId }) => caseId),
    results: new Map(settled.toReversed().map((result) => [result.caseId, result])),
  };
}

function nameState(
  cells: readonly MatrixCell[],
  records: readonly RunRecord[],
  fault: Fault | undefined,
  currentId: string | undefined,
): MatrixField['state'] {
  if (cells.some(({ runId }) => runId === currentId)) return 'running';
  const finished = records.filter(({ run }) => run.end?.kind === 'finished').length;
  if (finished === cells.length) return 'done';
  if (cells.every(({ skipped }) => skipped === true)) return 'skipped';
  if (fault !== undefined) return 'failed';
  return records.length > 0 ? 'part' : 'waiting';
}

/** Of the set as the first run has it; all runs of a set have the same. */
function findCases({ plan, findRecord }: MatrixState, setAt: number): readonly Case[] {
  for (const { runId } of plan.cells.filter((cell) => cell.setAt === setAt)) {
    const record = findRecord(runId);
    if (record !== undefined) return record.testSet.cases;
  }
  return [];
}

function nameCase(setAt: number, id: string): string {
  return `${setAt}/${id}`;
}

/** Made once for a set and its place: that they are the same objects makes comparing them quick. */
const prefixed = new WeakMap<readonly Case[], Map<number, readonly Case[]>>();

function prefixCases(cases: readonly Case[], setAt: number): readonly Case[] {
  const known = prefixed.get(cases)?.get(setAt);
  if (known !== undefined) return known;
  const made = cases.map((each) => ({ ...each, id: nameCase(setAt, each.id) }));
  const places = prefixed.get(cases) ?? new Map<number, readonly Case[]>();
  places.set(setAt, made);
  prefixed.set(cases, places);
  return made;
}

function listRows(
  plan: MatrixPlan,
  columns: readonly (readonly Column[])[],
  cases: readonly Case[],
  setAt: number,
): readonly MatrixRow[] {
  const of = columns.map((column) => column[setAt]);
  const scores = of.map((column) => new Map(column?.scores.map((score) => [score.caseId, score])));
  return cases.flatMap((testCase): MatrixRow[] => {
    const answers = of.map((column, at): RowAnswer | undefined => {
      const result = column?.results.get(testCase.id);
      if (result === undefined) return undefined;
      const pooled = scores[at]?.get(testCase.id)?.pooled;
      return { ...describeResult(result), ...(pooled !== undefined && { pooled }) };
    });
    if (answers.every((answer) => answer === undefined)) return [];
    const shares = scores.flatMap((each) => {
      const score = each.get(testCase.id);
      return score === undefined ? [] : [shareOf(score)];
    });
    return [
      {
        id: nameCase(setAt, testCase.id),
        testCase,
        topic: testCase.tags[0] ?? plan.sets[setAt]?.title ?? '',
        language: plan.sets[setAt]?.language ?? '',
        kinds: findKinds(shares, answers),
        answers,
      },
    ];
  });
}

function findKinds(
  shares: readonly number[],
  answers: readonly (RowAnswer | undefined)[],
): MatrixRow['kinds'] {
  const isUnread = (answer: RowAnswer | undefined) =>
    answer?.status === 'fail' &&
    answer.reasons.some(({ code }) => code === 'no-answer' || code === 'ambiguous');
  return [
    ...(new Set(shares).size > 1 ? (['disagree'] as const) : []),
    ...(shares.length > 0 && shares.every((share) => share === 0) ? (['all-wrong'] as const) : []),
    ...(shares.length > 0 && shares.every((share) => share === 1) ? (['all-right'] as const) : []),
    ...(answers.some(isUnread) ? (['unreadable'] as const) : []),
  ];
}

function measureCase({ plan, findRecord }: MatrixState, modelAt: number): number | undefined {
  const times = plan.cells
    .filter((cell) => cell.modelAt === modelAt)
    .flatMap(({ runId }) => findRecord(runId)?.results ?? [])
    .flatMap((result) => (result.kind === 'graded' ? [result.timing.totalMs] : []));
  return times.length === 0 ? undefined : sum(times) / times.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, each) => total + each, 0);
}
