import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { listHostedModels, readCatalog } from './catalog';

it('reads every row of the catalog, bundled models first', () => {
  const models = readCatalog();
  const rows = readdirSync(new URL('../../static-models/catalog/', import.meta.url));
  expect(models.map(({ id }) => `${id}.json`).sort()).toEqual(rows.sort());
  const bundled = models.map((model) => model.bundled);
  expect(bundled).toEqual([...bundled].sort((a, b) => Number(b) - Number(a)));
  expect(bundled[0]).toBe(true);
});

it('starts with what runs without another host', () => {
  const hosted = listHostedModels(readCatalog());
  expect(hosted.map(({ id }) => id)).toEqual(['smollm2-135m-instruct']);
  expect(hosted[0]?.artifacts[0]?.files[0]?.manifest).toBeDefined();
});
