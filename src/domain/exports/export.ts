import type { RunRecord } from '../run/ports';
import type { Reason } from '../graders/grader';
import type { Sampling } from '../engine/engine';
import type { GradedResult } from '../run/run';

export type RowStatus = GradedResult['status'] | 'broken';

/** The words of a report for people, in the reader's language; files for programs have names of their own. */
export interface ReportWords {
  /** BCP 47, of the words. */
  readonly language: string;
  readonly facts: string;
  readonly sheet: string;
  readonly question: string;
  readonly answer: string;
  readonly verdict: string;
  readonly emptyAnswer: string;
  readonly headline: (passed: number, graded: number) => string;
  readonly none: string;
  /** Percentage points. */
  readonly points: (points: string) => string;
  readonly interval: (low: string, high: string) => string;
  readonly terms: Readonly<Record<ReportTerm, string>>;
  readonly statuses: Readonly<Record<RowStatus, string>>;
  readonly reason: (reason: Reason) => string;
  readonly sampling: (sampling: Sampling) => string;
  /** Names of settings. */
  readonly settings: (names: readonly (keyof Sampling)[]) => string;
}

export type ReportTerm =
  | 'answered'
  | 'abstained'
  | 'unread'
  /** The smallest difference from another model that the run could show. */
  | 'detectable'
  | 'notRun'
  | 'broken'
  | 'speed'
  | 'model'
  | 'adapters'
  | 'loadedAs'
  | 'gpu'
  | 'layersOnGpu'
  | 'ignored'
  | 'file'
  | 'engine'
  | 'backend'
  | 'threads'
  | 'context'
  | 'kvCache'
  | 'batch'
  | 'template'
  | 'set'
  | 'setHash'
  | 'sampling'
  | 'repeats'
  | 'started'
  | 'device';

/** One way of writing a result as a file. */
export interface ResultExport {
  readonly id: string;
  readonly label: string;
  readonly extension: string;
  readonly mediaType: string;
  write(record: RunRecord, words: ReportWords): string;
}
