import { FaultError, toFault } from '../../domain/fault';
import { hashTestSet, parseTestSetJson, type TestSet } from '../../domain/sets/test-set';
import { countImageCases } from './set-facts';

/** What there is to choose from, known without loading it. */
export interface SetSummary {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  readonly caseCount: number;
  /** Of the set's canonical JSON: tells a shared run which set it was about. */
  readonly sha256: string;
  /** Its cases show images: a model that reads text only cannot answer them. */
  readonly hasImages?: true;
}

export interface LoadedSet {
  readonly testSet: TestSet;
  readonly sha256: string;
}

/** Files in `public/sets/`; of each language the quick one first, which a first visit gets. */
export const BUNDLED_SETS: readonly SetSummary[] = [
  {
    id: 'logic-en',
    title: 'Logic EN',
    language: 'en',
    caseCount: 24,
    sha256: '598fe7e9c6d06110c7aaa6378fea52df6621f7237d3c58d1d0c6aa5d5f7f886e',
  },
  {
    id: 'logic-ru',
    title: 'Логика RU',
    language: 'ru',
    caseCount: 24,
    sha256: '2bc1ed36a4235d3f954e323bd28d7a9d0e8cb08cf61ae56e001381edfb5f723c',
  },
  {
    id: 'logic-100-en',
    title: 'Logic EN, 100 cases',
    language: 'en',
    caseCount: 100,
    sha256: '7d442703c23fb5539cfdef58c6f63e028dc5cd5aafbfa629f0d2ae67260ba7d3',
  },
  {
    id: 'logic-100-ru',
    title: 'Логика RU, 100 задач',
    language: 'ru',
    caseCount: 100,
    sha256: '0098bb8e190362a27b2f54874571c199f5c0f9ecb9fb8d6251141cd21eb50f0a',
  },
  {
    id: 'wizardlm-classic-en',
    title: 'WizardLM classic EN',
    language: 'en',
    caseCount: 20,
    sha256: '31c87121056169b453b6814fdc9f96847cce1d0220cccba86df27dc01bd5fac3',
  },
  {
    id: 'wizardlm-classic-ru',
    title: 'WizardLM classic RU',
    language: 'ru',
    caseCount: 20,
    sha256: '9c11ecf9ae984d7497caba49518340a1aa00e46b07f4d3b82f9b05dc43e7690b',
  },
  {
    id: 'choice-en',
    title: 'Multiple choice EN',
    language: 'en',
    caseCount: 50,
    sha256: '866e95dc230e4da830a4d8b8c12bda346da4baabd9c9262832a0a5336d72dee0',
  },
  {
    id: 'images-en',
    title: 'Images EN',
    language: 'en',
    caseCount: 25,
    sha256: 'a865fc166163d13304d417938002df36cb6c00c4297c4b51f3975f5df1778f42',
    hasImages: true,
  },
  {
    id: 'images-ru',
    title: 'Картинки RU',
    language: 'ru',
    caseCount: 25,
    sha256: '67ed11a8ac74c4a97f9fd5613ae9c99d1c1785b4812ea4c7b434c55d0e76016c',
    hasImages: true,
  },
];

export function summarise({ testSet, sha256 }: LoadedSet): SetSummary {
  const { id, title, language, cases } = testSet;
  const hasImages = countImageCases(testSet) > 0;
  return { id, title, language, caseCount: cases.length, sha256, ...(hasImages && { hasImages }) };
}

/**
 * Reads a bundled set, or builds the generated one that the id names.
 * @throws FaultError `download` or `bad-input`
 */
export async function loadTestSet(siteUrl: string, id: string, fetchText = readText): Promise<LoadedSet> {
  const testSet =
    (await buildFromId(id)) ?? parseTestSetJson(await fetchText(new URL(`sets/${id}.json`, siteUrl)));
  return { testSet, sha256: await hashTestSet(testSet) };
}

/** The generators are loaded when somebody wants one of their sets. */
async function buildFromId(id: string): Promise<TestSet | undefined> {
  if (!id.startsWith('gen-')) return undefined;
  const { buildGeneratedSet, findGeneratorSpec } = await import('../../domain/generators/generated-set');
  const spec = findGeneratorSpec(id);
  return spec === undefined ? undefined : buildGeneratedSet(spec);
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
