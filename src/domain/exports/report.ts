import { BACKEND_FACTS } from '../engine/backends';
import type { Reason } from '../graders/grader';
import type { RunRecord } from '../run/ports';
import type { Result } from '../run/run';
import { sumResults } from '../run/totals';
import {
  countExtractionFailures,
  estimateDetectableDifference,
  scoreCases,
} from '../statistics/compare-runs';
import { computeWilsonInterval } from '../statistics/wilson';
import type { Case } from '../sets/test-set';
import type { ReportWords, RowStatus } from './export';

/** One answer as files show it; a case that was never asked has none. */
export interface ReportRow {
  readonly number: number;
  readonly testCase: Case;
  readonly result?: Result;
  readonly status?: RowStatus;
  readonly reasons: readonly Reason[];
}

/** Every case in the set's order, once for each answer to it. */
export function listRows({ testSet, results }: RunRecord): readonly ReportRow[] {
  const answers = new Map<string, Result[]>();
  for (const result of results) {
    const known = answers.get(result.caseId);
    if (known === undefined) answers.set(result.caseId, [result]);
    else known.push(result);
  }
  return testSet.cases.flatMap((testCase, index): ReportRow[] => {
    const number = index + 1;
    const own = answers.get(testCase.id);
    if (own === undefined) return [{ number, testCase, reasons: [] }];
    return own.map((result) => ({
      number,
      testCase,
      result,
      status: result.kind === 'failed' ? 'broken' : result.status,
      reasons: listReasons(result),
    }));
  });
}

function listReasons(result: Result): readonly Reason[] {
  if (result.kind === 'failed') return [];
  return result.outcomes.map(({ verdict }) => ('notRun' in verdict ? verdict.notRun : verdict.reason));
}

export interface Report {
  readonly title: string;
  readonly headline: string;
  /** All that is needed to repeat the run, after what came of it. */
  readonly facts: readonly (readonly [term: string, value: string])[];
  readonly rows: readonly ReportRow[];
}

/** What a report for people says. */
export function describeReport(record: RunRecord, words: ReportWords): Report {
  const { setup, device, startedAt } = record.run;
  const { session, artifact, set } = setup;
  const totals = sumResults(record.results);
  const unread = countExtractionFailures(record.results);
  const number = new Intl.NumberFormat(words.language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(words.language, { style: 'percent' });
  const interval = computeWilsonInterval(totals.passed, totals.graded);
  const detectable = estimateDetectableDifference(scoreCases(record.results, record.testSet.cases));
  const answered = totals.graded + totals.notRun + totals.broken;
  const { terms } = words;
  return {
    title: `${setup.model.name} · ${set.title}`,
    headline:
      interval === undefined
        ? words.none
        : `${words.headline(totals.passed, totals.graded)} (${percent.format(totals.passed / totals.graded)}); ` +
          words.interval(percent.format(interval.low), percent.format(interval.high)),
    facts: [
      [terms.answered, `${number.format(answered)} / ${number.format(set.caseCount)}`],
      [terms.abstained, number.format(totals.abstained)],
      [terms.unread, `${number.format(unread.failures)} / ${number.format(unread.graded)}`],
      [terms.detectable, detectable === undefined ? '–' : words.points(number.format(detectable * 100))],
      ...optional(totals.notRun > 0, terms.notRun, number.format(totals.notRun)),
      ...optional(totals.broken > 0, terms.broken, number.format(totals.broken)),
      ...optional(
        totals.tokensPerSecond !== undefined,
        terms.speed,
        number.format(totals.tokensPerSecond ?? 0),
      ),
      [terms.model, `${setup.model.name} (${setup.model.id}), ${artifact.quantization}`],
      ...optional(
        artifact.adapters !== undefined,
        terms.adapters,
        artifact.adapters?.map(writeAdapter).join(', ') ?? '',
      ),
      [terms.file, artifact.sha256],
      [terms.engine, `${session.engineId} ${session.engineVersion}`],
      ...optional(
        session.quantization !== undefined && session.quantization !== artifact.quantization,
        terms.loadedAs,
        session.quantization ?? '',
      ),
      [terms.backend, session.backend],
      ...optional(session.adapter !== undefined, terms.gpu, session.adapter ?? ''),
      ...optional(
        BACKEND_FACTS[session.backend].computesOn === 'graphics' && session.layersOnGpu !== undefined,
        terms.layersOnGpu,
        number.format(session.layersOnGpu ?? 0),
      ),
      [terms.threads, number.format(session.threads)],
      [terms.context, number.format(session.contextTokens)],
      ...optional(session.kvType !== undefined, terms.kvCache, session.kvType ?? ''),
      ...optional(session.batchTokens !== undefined, terms.batch, number.format(session.batchTokens ?? 0)),
      [terms.template, setup.templateSha256],
      [terms.set, `${set.title} (${set.id})`],
      [terms.setHash, set.sha256],
      [terms.sampling, words.sampling(setup.sampling)],
      ...optional(
        (session.ignoredSettings ?? []).length > 0,
        terms.ignored,
        words.settings(session.ignoredSettings ?? []),
      ),
      ...optional(setup.repeats !== undefined, terms.repeats, number.format(setup.repeats ?? 1)),
      [terms.started, new Date(startedAt).toISOString()],
      [terms.device, device.userAgent],
    ],
    rows: listRows(record),
  };
}

/** An adapter and how strongly it was merged. */
export function writeAdapter({ name, scale }: { readonly name: string; readonly scale: number }): string {
  return `${name} × ${scale}`;
}

function optional(present: boolean, term: string, value: string): readonly (readonly [string, string])[] {
  return present ? [[term, value]] : [];
}

/** Which of several answers it is stands behind the number. */
export function writeNumber({ number, result }: ReportRow): string {
  return result?.repeat === undefined ? String(number) : `${number}.${result.repeat + 1}`;
}

/** The question with its choices, as a person reads it. */
export function writeQuestion({ prompt, choices = [] }: Case): string {
  return [prompt, ...choices.map((choice, at) => `${String.fromCharCode(65 + at)}. ${choice}`)].join('\n');
}

/** The verdict with its reasons, or why there is none. */
export function writeVerdict({ status, reasons, result }: ReportRow, words: ReportWords): string {
  if (status === undefined) return '';
  const why =
    result?.kind === 'failed'
      ? ['detail' in result.fault ? `${result.fault.kind}: ${result.fault.detail}` : result.fault.kind]
      : reasons.map((reason) => words.reason(reason));
  return [words.statuses[status], ...why].join('\n');
}
