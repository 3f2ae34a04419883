import { expose } from 'comlink';
import { runImport } from '../../domain/sets/import-task';
import { carryFaults, type ImportWorkerApi } from '../protocol';
import { fetchExamples, fetchRows, fetchText, listSplits } from './set-source';

/** Fetches and reads foreign test sets: the largest ones take seconds, which the page must not. */
carryFaults();
expose({
  runImport,
  fetchText: (address) => fetchText(new URL(address)),
  listSplits,
  fetchRows,
  fetchExamples,
} satisfies ImportWorkerApi);
