import * as v from 'valibot';
import type { Sampling } from '../engine/engine';
import { parseModel, type Artifact, type Model } from '../model/model';
import { parseWith } from '../parse';
import { samplingSchema } from '../run/run';

export const MAX_MATRIX_MODELS = 12;
export const MAX_MATRIX_SETS = 12;
export const MAX_MATRIX_REPEATS = 8;

/** A model as it is run in a matrix. */
export interface MatrixModel {
  readonly model: Model;
  readonly artifactId: string;
}

/** A set as it was when the matrix was planned. */
export interface MatrixSet {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  readonly caseCount: number;
  readonly sha256: string;
}

/** One model on one set, once: a run of its own in the journal. */
export interface MatrixCell {
  /** Of the run, before it begins: so a page that comes back finds it. */
  readonly runId: string;
  readonly modelAt: number;
  readonly setAt: number;
  /** Which of several runs, from 0: each has another seed. */
  readonly repeat: number;
  readonly skipped?: true;
}

/** Models by sets, kept on this device until another one is planned. */
export interface MatrixPlan {
  readonly models: readonly MatrixModel[];
  readonly sets: readonly MatrixSet[];
  readonly sampling: Sampling;
  readonly repeats: number;
  /** In the order in which they are run. */
  readonly cells: readonly MatrixCell[];
  /** It was being worked through when this was written. */
  readonly running: boolean;
}

/** All cells of one model before the next model: each is loaded once. */
export function planMatrix(
  { models, sets, sampling, repeats }: Pick<MatrixPlan, 'models' | 'sets' | 'sampling' | 'repeats'>,
  createId: () => string,
): MatrixPlan {
  const cells = models.flatMap((_model, modelAt) =>
    Array.from({ length: repeats }, (_repeat, repeat) =>
      sets.map((_set, setAt) => ({ runId: createId(), modelAt, setAt, repeat })),
    ).flat(),
  );
  return { models, sets, sampling, repeats, cells, running: false };
}

/** The sampling of one cell: repeats differ in their seed. */
export function findSampling({ sampling }: MatrixPlan, { repeat }: MatrixCell): Sampling {
  return { ...sampling, seed: (sampling.seed + 1_000 * repeat) % 0x1_0000_0000 };
}

/** The artifact that a model of a matrix is run by. */
export function findMatrixArtifact({ model, artifactId }: MatrixModel): Artifact | undefined {
  return model.artifacts.find(({ id }) => id === artifactId);
}

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(99));
const text = (max: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(max));
const planSchema = v.strictObject({
  models: v.pipe(
    v.array(v.strictObject({ model: v.unknown(), artifactId: text(200) })),
    v.minLength(1),
    v.maxLength(MAX_MATRIX_MODELS),
  ),
  sets: v.pipe(
    v.array(
      v.strictObject({
        id: text(80),
        title: text(200),
        language: text(20),
        caseCount: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(20_000)),
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
      }),
    ),
    v.minLength(1),
    v.maxLength(MAX_MATRIX_SETS),
  ),
  sampling: samplingSchema,
  repeats: v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_MATRIX_REPEATS)),
  cells: v.pipe(
    v.array(
      v.strictObject({
        runId: text(80),
        modelAt: index,
        setAt: index,
        repeat: index,
        skipped: v.exactOptional(v.literal(true)),
      }),
    ),
    v.maxLength(MAX_MATRIX_MODELS * MAX_MATRIX_SETS * MAX_MATRIX_REPEATS),
  ),
  running: v.boolean(),
});

/** A plan as it was stored. @throws FaultError `bad-input` */
export function parseMatrixPlan(input: unknown): MatrixPlan {
  const { models, ...plan } = parseWith(planSchema, input, 'matrix');
  const cells = plan.cells.filter(
    ({ modelAt, setAt }) => modelAt < models.length && setAt < plan.sets.length,
  );
  return {
    ...plan,
    cells,
    models: models.map(({ model, artifactId }) => ({ model: parseModel(model), artifactId })),
  };
}
