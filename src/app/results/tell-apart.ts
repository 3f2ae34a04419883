import { canonicalJson } from '../../domain/hash';
import { SAMPLING_KEYS, type Setup } from '../../domain/run/run';

/** Something that tells one run from another of the same model. */
export interface Facet {
  readonly kind:
    | 'quantization'
    | 'adapters'
    | 'engine'
    | 'version'
    | 'backend'
    | 'cache'
    | (typeof SAMPLING_KEYS)[number]
    | 'repeats'
    | 'set'
    | 'template'
    | 'threads'
    | 'weights'
    | 'time';
  readonly value: string | number;
}

interface Described {
  readonly setup: Setup;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** What is looked at, in the order in which a reader would. */
const FACETS: readonly { readonly kind: Facet['kind']; readonly read: (of: Described) => string | number }[] =
  [
    { kind: 'quantization', read: ({ setup }) => setup.artifact.quantization },
    {
      kind: 'adapters',
      read: ({ setup }) =>
        (setup.artifact.adapters ?? []).map(({ name, scale }) => `${name} × ${scale}`).join(' + '),
    },
    { kind: 'engine', read: ({ setup }) => setup.session.engineId },
    { kind: 'version', read: ({ setup }) => setup.session.engineVersion },
    { kind: 'backend', read: ({ setup }) => setup.session.backend },
    { kind: 'cache', read: ({ setup }) => setup.session.kvType ?? '' },
    ...SAMPLING_KEYS.map((kind) => ({ kind, read: ({ setup }: Described) => setup.sampling[kind] })),
    { kind: 'repeats', read: ({ setup }) => setup.repeats ?? 1 },
    { kind: 'set', read: ({ setup }) => setup.set.title },
    { kind: 'template', read: ({ setup }) => setup.templateSha256.slice(0, 6) },
    { kind: 'weights', read: ({ setup }) => setup.artifact.sha256.slice(0, 6) },
    { kind: 'threads', read: ({ setup }) => setup.session.threads },
    { kind: 'time', read: ({ startedAt }) => startedAt },
  ];

/**
 * What, beside its model's name, tells each run from the others: nothing where the name does, else the first things that
 * differ among those of one name.
 */
export function tellApart(runs: readonly Described[]): readonly (readonly Facet[])[] {
  const told = runs.map((): Facet[] => []);
  let groups = splitBy([...runs.keys()], (at) => runs[at]?.setup.model.name ?? '');
  for (const { kind, read } of FACETS) {
    groups = groups.flatMap((group) => {
      const split = splitBy(group, (at) => read(runs[at] ?? fail()));
      if (split.length > 1) {
        for (const at of group) told[at]?.push({ kind, value: read(runs[at] ?? fail()) });
      }
      return split;
    });
  }
  return told;
}

/** Indices by what is read of each; only where there is something to tell apart. */
function splitBy(
  group: readonly number[],
  read: (at: number) => string | number,
): readonly (readonly number[])[] {
  if (group.length < 2) return [group];
  const parts = new Map<string | number, number[]>();
  for (const at of group) {
    const part = parts.get(read(at));
    if (part === undefined) parts.set(read(at), [at]);
    else part.push(at);
  }
  return [...parts.values()];
}

function fail(): never {
  throw new Error('an index of the runs names none of them');
}

/**
 * Runs of one key differ in nothing but their seed and the time: they may be pooled. Threads and how a graphics device
 * shares the layers change speed alone.
 */
export function namePool({ model, artifact, session, set, sampling, ...setup }: Setup): string {
  const { seed: _seed, ...settings } = sampling;
  const { engineId, engineVersion, backend, kvType } = session;
  return canonicalJson([
    model.id,
    artifact.sha256 === '' ? artifact.id : artifact.sha256,
    [engineId, engineVersion, backend, kvType ?? ''],
    setup.templateSha256,
    set.sha256,
    settings,
    setup.repeats ?? 1,
  ]);
}
