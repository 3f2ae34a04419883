import type { RunSummary } from '../../domain/run/ports';
import type { SpeedReport } from '../../domain/speed/speed';
import { sumArtifactBytes } from '../../domain/model/model';
import type { ModelView } from './model-fit';
import { predictSpeed } from './predict-speed';

export const MODEL_ORDERS = ['recommended', 'speed', 'size', 'quality', 'licence', 'name'] as const;
export type ModelOrder = (typeof MODEL_ORDERS)[number];

/** A model with what a person chooses by. */
export interface ModelEntry {
  readonly view: ModelView;
  /** Of the offered artifact; 0 where its row tells none. */
  readonly bytes: number;
  /** Tokens per second, predicted; absent where nothing was measured. */
  readonly speed?: number;
  /** The best result of it on this device; absent before it was run. */
  readonly quality?: { readonly passed: number; readonly graded: number; readonly setTitle: string };
}

/** @param runs of this device */
export function describeModels(
  views: readonly ModelView[],
  report: SpeedReport | undefined,
  runs: readonly RunSummary[],
): readonly ModelEntry[] {
  return views.map((view) => {
    const artifact = view.offered?.artifact;
    const speed = artifact && predictSpeed(artifact, report);
    const quality = findBest(view.model.id, runs);
    return {
      view,
      bytes: artifact === undefined ? 0 : (artifact.mergedBytes ?? sumArtifactBytes(artifact)),
      ...(speed !== undefined && { speed }),
      ...(quality !== undefined && { quality }),
    };
  });
}

/** Fewer answers than these say too little of a model to sort by. */
const LEAST_GRADED = 10;

function findBest(modelId: string, runs: readonly RunSummary[]): ModelEntry['quality'] {
  const [best] = runs
    .filter(({ run, graded }) => run.setup.model.id === modelId && graded >= LEAST_GRADED)
    .toSorted((a, b) => b.passed / b.graded - a.passed / a.graded);
  return best && { passed: best.passed, graded: best.graded, setTitle: best.run.setup.set.title };
}

/** Slower than this, a test of a hundred questions takes an evening. */
const LEAST_SPEED = 4;
/** Where no speed was measured: a download that a person tries without thinking twice. */
const MOST_BYTES = 1.5e9;
const MOST_RECOMMENDED = 4;

/**
 * The models to try first on this device: they fit with room, follow instructions, are quick enough, and their licence
 * is a free one. The newer first, of one year the larger.
 */
export function recommendModels(entries: readonly ModelEntry[]): readonly ModelEntry[] {
  return entries
    .filter(({ view: { model, offered }, bytes, speed }) => {
      const fits = offered?.use === 'ready' && offered.best?.fit.verdict === 'fits';
      const isQuick = speed === undefined ? bytes <= MOST_BYTES : speed >= LEAST_SPEED;
      return fits && model.turns === 'many' && isQuick && isFree(model.licence);
    })
    .toSorted(compareRecommended)
    .slice(0, MOST_RECOMMENDED);
}

/** Anybody may use it for anything, as a licence of free software has it. */
function isFree(licence: string): boolean {
  return /^(?:Apache-2\.0|MIT|BSD)/.test(licence) && !/withdr|LLaMA|CC-BY-NC/i.test(licence);
}

function compareRecommended({ view: a }: ModelEntry, { view: b }: ModelEntry): number {
  return (
    (b.model.released ?? 0) - (a.model.released ?? 0) ||
    b.model.parameters - a.model.parameters ||
    a.model.id.localeCompare(b.model.id)
  );
}

/** What cannot be used here comes last, whatever the order. */
export function sortModels(entries: readonly ModelEntry[], order: ModelOrder): readonly ModelEntry[] {
  const isUsable = ({ view }: ModelEntry) => (view.offered?.use === 'ready' ? 0 : 1);
  const by = ORDERS[order];
  return entries.toSorted(
    (a, b) => isUsable(a) - isUsable(b) || by(a, b) || a.view.model.name.localeCompare(b.view.model.name),
  );
}

const ORDERS: Readonly<Record<ModelOrder, (a: ModelEntry, b: ModelEntry) => number>> = {
  recommended: compareRecommended,
  speed: (a, b) => (b.speed ?? -1) - (a.speed ?? -1) || sizeOf(a) - sizeOf(b),
  size: (a, b) => sizeOf(a) - sizeOf(b),
  quality: (a, b) => shareOf(b) - shareOf(a),
  licence: (a, b) => a.view.model.licence.localeCompare(b.view.model.licence),
  name: () => 0,
};

/** A size that is not known comes last. */
const sizeOf = ({ bytes }: ModelEntry) => (bytes === 0 ? Infinity : bytes);

const shareOf = ({ quality }: ModelEntry) => (quality === undefined ? -1 : quality.passed / quality.graded);
