import type { RunSummary } from '../../domain/run/ports';

export const RUN_ORDERS = ['newest', 'best', 'model', 'set'] as const;
export type RunOrderId = (typeof RUN_ORDERS)[number];

/** How a list of runs is looked at. */
export interface RunListView {
  /** Words that have to be in the model, the test, the quantization or the engine. */
  readonly query: string;
  readonly order: RunOrderId;
  /** Only runs of this set; empty for all. */
  readonly setId: string;
}

/** The runs that a view shows, in its order; of equals the newer first. */
export function viewRuns(
  runs: readonly RunSummary[],
  { query, order, setId }: RunListView,
): readonly RunSummary[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return runs
    .filter(
      (summary) =>
        (setId === '' || summary.run.setup.set.id === setId) &&
        words.every((word) => nameRun(summary).includes(word)),
    )
    .toSorted((a, b) => compare(order, a, b) || b.run.startedAt - a.run.startedAt);
}

/** Sets that were run, by title. */
export function listRunSets(
  runs: readonly RunSummary[],
): readonly { readonly id: string; readonly title: string }[] {
  const titles = new Map(runs.map(({ run }) => [run.setup.set.id, run.setup.set.title]));
  return [...titles].map(([id, title]) => ({ id, title })).sort((a, b) => a.title.localeCompare(b.title));
}

function nameRun({ run: { setup } }: RunSummary): string {
  const { model, set, artifact, session } = setup;
  return [model.name, set.title, artifact.quantization, session.engineId].join(' ').toLowerCase();
}

function compare(order: RunOrderId, a: RunSummary, b: RunSummary): number {
  switch (order) {
    case 'newest':
      return 0;
    case 'best':
      return findShare(b) - findShare(a);
    case 'model':
      return a.run.setup.model.name.localeCompare(b.run.setup.model.name);
    case 'set':
      return a.run.setup.set.title.localeCompare(b.run.setup.set.title);
  }
}

/** Below every share where nothing was graded. */
function findShare({ passed, graded }: RunSummary): number {
  return graded === 0 ? -1 : passed / graded;
}
