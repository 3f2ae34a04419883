import { createStore, delMany, get, getMany, keys, setMany } from 'idb-keyval';
import type { SetStore, StoredSetSummary } from '../domain/run/ports';
import type { TestSet } from '../domain/sets/test-set';

const SUMMARY = 'summary/';
const CONTENT = 'set/';

/** A person's own sets in IndexedDB: what lists need lies apart from the cases, and both change together. */
export function createSetStore(): SetStore {
  const sets = createStore('wizardbench-sets', 'sets');
  return {
    async list() {
      const names = (await keys<string>(sets)).filter((key) => key.startsWith(SUMMARY));
      const summaries = await getMany<StoredSetSummary>(names, sets);
      // One that another tab has just deleted is none.
      return summaries.filter((each) => each !== undefined).sort((a, b) => b.updatedAt - a.updatedAt);
    },
    get: (id) => get<TestSet>(CONTENT + id, sets),
    put: (summary, testSet) =>
      setMany(
        [
          [SUMMARY + summary.id, summary],
          [CONTENT + summary.id, testSet],
        ],
        sets,
      ),
    delete: (id) => delMany([SUMMARY + id, CONTENT + id], sets),
  };
}
