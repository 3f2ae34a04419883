import { findMatrixArtifact, type MatrixPlan } from '../../domain/matrix/plan';

/** What a reader knows each model by: its name, and its quantization where two have one name. */
export function nameMatrixModels({ models }: Pick<MatrixPlan, 'models'>): readonly string[] {
  const full = models.map((entry) => {
    const isAlone = models.filter(({ model }) => model.name === entry.model.name).length === 1;
    const quantization = findMatrixArtifact(entry)?.quantization ?? entry.artifactId;
    return isAlone ? entry.model.name : `${entry.model.name} · ${quantization}`;
  });
  return full.map((name, at) =>
    full.indexOf(name) === full.lastIndexOf(name) ? name : `${name} · ${models[at]?.artifactId ?? ''}`,
  );
}
