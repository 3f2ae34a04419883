import { hasProjector, type Artifact } from '../../domain/model/model';
import { MAX_IMAGES, type TestSet } from '../../domain/sets/test-set';

export const IMAGES_PER_CASE = MAX_IMAGES;

/** Whether a set's id alone is enough to build it. */
export function isGeneratedId(id: string): boolean {
  return id.startsWith('gen-');
}

/** The tags of a set, the most frequent first. */
export function listTags({ cases }: TestSet): readonly string[] {
  const counts = new Map<string, number>();
  for (const tag of cases.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([tag]) => tag);
}

/** How many of a set's cases only a model that sees images can answer. */
export function countImageCases({ cases }: TestSet): number {
  return cases.filter(({ images }) => images !== undefined).length;
}

/** How many cases show images that a model does not see. */
export function countUnseen(testSet: TestSet, artifact: Artifact): number {
  return hasProjector(artifact) ? 0 : countImageCases(testSet);
}

/** The id that is wanted, or one like it that no other set has. */
export function findFreeSetId(wanted: string, others: readonly string[]): string {
  // The ids of generated sets say how to build them.
  const base = isGeneratedId(wanted) ? `own-${wanted}` : wanted;
  const taken = new Set(others);
  let id = base.slice(0, 80);
  for (let copy = 2; taken.has(id); copy++) id = `${base.slice(0, 72)}-${copy}`;
  return id;
}

/** An id like another, but of no case of the set. */
export function findFreeCaseId({ cases }: TestSet, like: string): string {
  const taken = new Set(cases.map(({ id }) => id));
  const base = like.replace(/-\d+$/, '').slice(0, 70);
  let number = taken.size + 1;
  while (taken.has(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
