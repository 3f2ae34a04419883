import { isHosted, parseModel, type Model } from '../domain/model';

/** Every row of `static-models/catalog/`, bundled models first, then by name. */
export function readCatalog(): readonly Model[] {
  const rows = import.meta.glob('../../static-models/catalog/*.json', { eager: true, import: 'default' });
  return Object.values(rows)
    .map(parseModel)
    .sort((a, b) => Number(b.bundled) - Number(a.bundled) || a.name.localeCompare(b.name));
}

/** The rows whose first artifact lies beside the page: they run without another host. */
export function listHostedModels(models: readonly Model[]): readonly Model[] {
  return models.filter(({ artifacts: [first] }) => first !== undefined && isHosted(first));
}
