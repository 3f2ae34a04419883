import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { groupByFamily, readCatalog } from './catalog';

it('reads every row of the catalog, bundled models first', () => {
  const models = readCatalog();
  const rows = readdirSync(new URL('../../../static-models/catalog/', import.meta.url));
  expect(models.map(({ id }) => `${id}.json`).sort()).toEqual(rows.sort());
  const bundled = models.map((model) => model.bundled);
  expect(bundled).toEqual([...bundled].sort((a, b) => Number(b) - Number(a)));
  expect(bundled[0]).toBe(true);
});

it('groups families, the Wizard models first', () => {
  const models = readCatalog();
  const families = groupByFamily(models);
  expect(families[0]?.name).toBe('Wizard');
  expect(families[0]?.models.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['wizardlm-7b', 'wizardmath-7b-v1.1', 'wizardcoder-1b', 'openllama-3b-wizard']),
  );
  const names = families.slice(1).map(({ name }) => name);
  expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b)));
  expect(families.flatMap((family) => family.models)).toHaveLength(models.length);
});
