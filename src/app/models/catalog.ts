import { parseModel, type Model } from '../../domain/model/model';

/** Every row of `static-models/catalog/`, bundled models first, then by name. */
export function readCatalog(): readonly Model[] {
  const rows = import.meta.glob('../../../static-models/catalog/*.json', { eager: true, import: 'default' });
  return Object.values(rows)
    .map(parseModel)
    .sort((a, b) => Number(b.bundled) - Number(a.bundled) || a.name.localeCompare(b.name));
}
