import { FaultError, toFault } from '../domain/fault';
import { hashTestSet, parseTestSetJson, type TestSet } from '../domain/test-set';

export interface LoadedSet {
  readonly testSet: TestSet;
  readonly sha256: string;
}

/** Files in `public/sets/`. */
const BUNDLED_SETS = ['logic-en', 'logic-ru'];

/** @throws FaultError `download` or `bad-input` */
export function loadBundledSets(siteUrl: string, fetchText = readText): Promise<readonly LoadedSet[]> {
  return Promise.all(
    BUNDLED_SETS.map(async (id) => {
      const testSet = parseTestSetJson(await fetchText(new URL(`sets/${id}.json`, siteUrl)));
      return { testSet, sha256: await hashTestSet(testSet) };
    }),
  );
}

async function readText(url: URL): Promise<string> {
  try {
    const response = await fetch(url);
    if (response.ok) return await response.text();
    throw new FaultError({
      kind: 'download',
      url: url.href,
      status: response.status,
      detail: `HTTP ${response.status}`,
    });
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const fault = toFault(error);
    throw new FaultError({
      kind: 'download',
      url: url.href,
      detail: 'detail' in fault ? fault.detail : fault.kind,
    });
  }
}
