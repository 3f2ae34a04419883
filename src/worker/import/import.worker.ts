import { expose } from 'comlink';
import { runImport } from '../../domain/sets/import-task';
import { carryFaults, type ImportWorkerApi } from '../protocol';

/** Reads foreign test sets: the largest ones take seconds, which the page must not. */
carryFaults();
expose({ runImport } satisfies ImportWorkerApi);
