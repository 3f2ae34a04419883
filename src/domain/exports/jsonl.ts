import type { ResultExport } from './export';
import { listRows } from './report';

/** The run in the first line, then a line for each answer with its case. */
export const jsonl: ResultExport = {
  id: 'jsonl',
  label: 'JSONL',
  extension: 'jsonl',
  mediaType: 'application/x-ndjson',
  write(record) {
    const { cases: _cases, ...set } = record.testSet;
    const lines = [
      { kind: 'run', format: 'wizardbench-result', version: 1, run: record.run, testSet: set },
      ...listRows(record).map(({ testCase, result }) => ({
        kind: 'answer',
        case: testCase,
        ...(result !== undefined && { result }),
      })),
    ];
    return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  },
};
