import type { GraderSpec, TestSet } from '../../domain/sets/test-set';

/** Code that a set brings to grade with. */
export interface SetScript {
  readonly source: string;
  /** How many cases use it. */
  readonly cases: number;
}

/** Each different script of a set, in order of first appearance. It runs only after a person has seen and allowed it. */
export function listScripts({ cases }: TestSet): readonly SetScript[] {
  const counts = new Map<string, number>();
  for (const { graders } of cases) {
    const sources = new Set(graders.flatMap(readSources));
    for (const source of sources) counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return [...counts].map(([source, count]) => ({ source, cases: count }));
}

function readSources(spec: GraderSpec): readonly string[] {
  const parts = (spec.assert ?? []).flatMap(readSources);
  const transforms = [spec['transform'] ?? []].flat().map(writeSource);
  return /^(not-)?javascript$/.test(spec.type)
    ? [...transforms, writeSource(spec.value), ...parts]
    : [...transforms, ...parts];
}

function writeSource(code: unknown): string {
  return typeof code === 'string' ? code : JSON.stringify(code ?? '');
}
