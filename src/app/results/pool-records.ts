import type { RunRecord } from '../../domain/run/ports';
import { namePool } from './tell-apart';

/** Runs of one setup together, in the order of the first of each. */
export function poolRecords(records: readonly RunRecord[]): readonly (readonly RunRecord[])[] {
  const pools = new Map<string, RunRecord[]>();
  for (const record of records) {
    const key = namePool(record.run.setup);
    const pool = pools.get(key);
    if (pool === undefined) pools.set(key, [record]);
    else pool.push(record);
  }
  return [...pools.values()];
}
