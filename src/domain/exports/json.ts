import type { ResultExport } from './export';

/** Everything that the journal holds of a run. */
export const json: ResultExport = {
  id: 'json',
  label: 'JSON',
  extension: 'json',
  mediaType: 'application/json',
  write: (record) => `${JSON.stringify({ format: 'wizardbench-result', version: 1, ...record }, null, 2)}\n`,
};
