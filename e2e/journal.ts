import type { Page } from '@playwright/test';
import type { RunRecord } from '../src/domain/run/ports';
import type { Result, Run } from '../src/domain/run/run';

export interface Stored {
  readonly run: Run;
  readonly statuses: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, string>>;
  /** As many as there are, also of one case. */
  readonly resultCount: number;
}

/** What the journal holds, oldest first, read past the page. */
export async function readJournal(page: Page): Promise<readonly Stored[]> {
  const { runs, results } = await page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('wizardbench-journal');
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        reject(new Error('no journal'));
      };
    });
    const read = (store: string, what: 'getAll' | 'getAllKeys') =>
      new Promise<unknown[]>((resolve) => {
        const request = database.transaction(store).objectStore(store)[what]();
        request.onsuccess = () => {
          resolve(request.result as unknown[]);
        };
      });
    const [keys, values] = [await read('results', 'getAllKeys'), await read('results', 'getAll')];
    return {
      runs: (await read('runs', 'getAll')) as Run[],
      results: keys.map((key, at) => ({ runId: (key as [string])[0], result: values[at] as Result })),
    };
  });
  return runs
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .map((stored) => {
      const own = results.flatMap(({ runId, result }) => (runId === stored.id ? [result] : []));
      return {
        run: stored,
        statuses: Object.fromEntries(
          own.map((each) => [each.caseId, each.kind === 'graded' ? each.status : 'broken']),
        ),
        answers: Object.fromEntries(own.map((each) => [each.caseId, each.answer])),
        resultCount: own.length,
      };
    });
}

/** Puts runs into the journal, as if they had been made; the page must have opened it. Reload to see them. */
export async function writeJournal(page: Page, records: readonly RunRecord[]): Promise<void> {
  await page.evaluate(async (given) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('wizardbench-journal');
      request.onsuccess = () => {
        resolve(request.result);
      };
      request.onerror = () => {
        reject(new Error('no journal'));
      };
    });
    const transaction = database.transaction(['runs', 'results', 'sets'], 'readwrite');
    for (const { run, results, testSet } of given) {
      transaction.objectStore('runs').put(run);
      transaction.objectStore('sets').put(testSet, run.setup.set.sha256);
      results.forEach((result, at) => transaction.objectStore('results').put(result, [run.id, at]));
    }
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => {
        resolve();
      };
      transaction.onerror = () => {
        reject(new Error('not written'));
      };
    });
    database.close();
  }, records);
}
