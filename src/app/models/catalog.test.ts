import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readCatalog } from './catalog';

it('reads every row of the catalog, bundled models first', () => {
  const models = readCatalog();
  const rows = readdirSync(new URL('../../../static-models/catalog/', import.meta.url));
  expect(models.map(({ id }) => `${id}.json`).sort()).toEqual(rows.sort());
  const bundled = models.map((model) => model.bundled);
  expect(bundled).toEqual([...bundled].sort((a, b) => Number(b) - Number(a)));
  expect(bundled[0]).toBe(true);
});
