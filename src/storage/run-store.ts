import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { RunRecord, RunStore, RunSummary } from '../domain/run/ports';
import type { Result, Run } from '../domain/run/run';
import { sumResults } from '../domain/run/totals';
import type { TestSet } from '../domain/sets/test-set';

interface JournalSchema extends DBSchema {
  runs: { key: string; value: Run; indexes: { startedAt: number } };
  /** Keyed by [run id, order of finishing]. */
  results: { key: [string, number]; value: Result };
  /** Keyed by the set's hash: many runs of one set keep one copy. */
  sets: { key: string; value: TestSet };
}

type Journal = IDBPDatabase<JournalSchema>;

/** The journal of runs in IndexedDB: a result is on disk before the next case starts. */
export function createRunStore(): RunStore {
  let opening: Promise<Journal> | undefined;
  const open = () =>
    (opening ??= openJournal().catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
  const resultsOf = (runId: string) => IDBKeyRange.bound([runId, 0], [runId, Infinity]);

  async function replaceRun(runId: string, change: (run: Run) => Run): Promise<void> {
    const transaction = (await open()).transaction('runs', 'readwrite');
    const run = await transaction.store.get(runId);
    if (run !== undefined) await transaction.store.put(change(run));
    await transaction.done;
  }

  return {
    async createRun(run, testSet) {
      const transaction = (await open()).transaction(['runs', 'sets'], 'readwrite');
      await Promise.all([
        transaction.objectStore('runs').put(run),
        transaction.objectStore('sets').put(testSet, run.setup.set.sha256),
        transaction.done,
      ]);
    },

    async appendResult(runId, result) {
      const transaction = (await open()).transaction(['runs', 'results'], 'readwrite', {
        durability: 'strict',
      });
      const results = transaction.objectStore('results');
      // A result of a deleted run would stay for ever: nobody could find it.
      if ((await transaction.objectStore('runs').getKey(runId)) !== undefined) {
        await results.put(result, [runId, await results.count(resultsOf(runId))]);
      }
      await transaction.done;
    },

    appendSwitch: (runId, change) =>
      replaceRun(runId, (run) => ({ ...run, switches: [...(run.switches ?? []), change] })),

    endRun: (runId, end) => replaceRun(runId, (run) => ({ ...run, end })),

    reopenRun: (runId) => replaceRun(runId, ({ end: _end, ...run }) => run),

    async findRun(runId): Promise<RunRecord | undefined> {
      const transaction = (await open()).transaction(['runs', 'results', 'sets']);
      const run = await transaction.objectStore('runs').get(runId);
      if (run === undefined) return undefined;
      const results = await transaction.objectStore('results').getAll(resultsOf(runId));
      const testSet = await transaction.objectStore('sets').get(run.setup.set.sha256);
      return testSet === undefined ? undefined : { run, results, testSet };
    },

    async listRuns(): Promise<readonly RunSummary[]> {
      const transaction = (await open()).transaction(['runs', 'results']);
      const runs = await transaction.objectStore('runs').index('startedAt').getAll();
      const summaries = await Promise.all(
        runs.map(async (run) => {
          const results = await transaction.objectStore('results').getAll(resultsOf(run.id));
          const { passed, graded } = sumResults(results);
          return { run, passed, graded, finished: new Set(results.map(({ caseId }) => caseId)).size };
        }),
      );
      return summaries.reverse();
    },

    async deleteRun(runId) {
      const transaction = (await open()).transaction(['runs', 'results', 'sets'], 'readwrite');
      const runs = transaction.objectStore('runs');
      const run = await runs.get(runId);
      await runs.delete(runId);
      await transaction.objectStore('results').delete(resultsOf(runId));
      if (run !== undefined) {
        const others = await runs.getAll();
        const { sha256 } = run.setup.set;
        if (!others.some((other) => other.setup.set.sha256 === sha256)) {
          await transaction.objectStore('sets').delete(sha256);
        }
      }
      await transaction.done;
    },
  };
}

function openJournal(): Promise<Journal> {
  return openDB<JournalSchema>('wizardbench-journal', 1, {
    upgrade(database) {
      database.createObjectStore('runs', { keyPath: 'id' }).createIndex('startedAt', 'startedAt');
      database.createObjectStore('results');
      database.createObjectStore('sets');
    },
  });
}
