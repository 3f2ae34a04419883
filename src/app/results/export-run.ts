import type { ReportWords, ResultExport } from '../../domain/exports/export';
import type { RunRecord } from '../../domain/run/ports';

export type { ReportWords, ResultExport };

export interface DownloadFile {
  readonly name: string;
  readonly blob: Blob;
}

/** The ways to write a result; loaded when somebody wants one. */
export async function listExports(): Promise<readonly ResultExport[]> {
  const { exportRegistry } = await import('../../domain/exports/registry');
  return exportRegistry;
}

export function writeExport(format: ResultExport, record: RunRecord, words: ReportWords): DownloadFile {
  const { run } = record;
  const day = new Date(run.startedAt).toISOString().slice(0, 10);
  return {
    name: `${nameFile([run.setup.model.id, run.setup.set.id, day])}.${format.extension}`,
    blob: makeBlob(format.write(record, words), format.mediaType),
  };
}

/** Ids come from imports too: what is no letter or digit has no place in the name of a file. */
export function nameFile(parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/[^\p{L}\p{N}.]+/gu, '-').replace(/^[-.]+|[-.]+$/g, ''))
    .filter((part) => part !== '')
    .join('_')
    .slice(0, 120);
}

export function makeBlob(text: string, mediaType: string): Blob {
  // Without the mark, spreadsheets take UTF-8 for the code page of the system.
  const mark = mediaType === 'text/csv' ? '\uFEFF' : '';
  return new Blob([mark, text], { type: `${mediaType};charset=utf-8` });
}

/** Hands a file to the browser's downloads. */
export function download({ name, blob }: DownloadFile): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Some browsers begin to read only after this turn.
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 60_000);
}
