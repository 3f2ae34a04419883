import { parseModel, type Model } from '../../domain/model/model';

/** Every row of `static-models/catalog/`, bundled models first, then by name. */
export function readCatalog(): readonly Model[] {
  const rows = import.meta.glob('../../../static-models/catalog/*.json', { eager: true, import: 'default' });
  return Object.values(rows)
    .map(parseModel)
    .sort((a, b) => Number(b.bundled) - Number(a.bundled) || a.name.localeCompare(b.name));
}

export interface Family {
  readonly name: string;
  readonly models: readonly Model[];
}

/** Models by family: the Wizard models first, then by name; in a family the smaller first. */
export function groupByFamily(models: readonly Model[]): readonly Family[] {
  const families = new Map<string, Model[]>();
  for (const model of models) {
    const name = isWizard(model) ? 'Wizard' : model.family;
    families.set(name, [...(families.get(name) ?? []), model]);
  }
  return [...families]
    .map(([name, members]) => ({
      name,
      models: members.toSorted(
        (a, b) =>
          Number(isWizardLm(b)) - Number(isWizardLm(a)) ||
          a.parameters - b.parameters ||
          a.id.localeCompare(b.id),
      ),
    }))
    .sort(
      (a, b) => Number(b.name === 'Wizard') - Number(a.name === 'Wizard') || a.name.localeCompare(b.name),
    );
}

function isWizard({ name, family }: Model): boolean {
  return /wizard/i.test(name) || /wizard/i.test(family);
}

/** The models that this page is named for. */
function isWizardLm({ family }: Model): boolean {
  return family === 'WizardLM';
}
