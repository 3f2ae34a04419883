import { describe, expect, it } from 'vitest';
import { parseModel, type ModelFile } from '../../domain/model/model';
import { findOwner } from './stored-models';

const HASH = 'a'.repeat(64);
const row = (id: string, file: ModelFile, adapter?: ModelFile) =>
  parseModel({
    id,
    name: id,
    family: 'llama',
    parameters: 1,
    licence: 'MIT',
    source: 'https://x.example/',
    template: { kind: 'jinja', source: '{{ messages }}' },
    artifacts: [
      {
        id,
        format: 'gguf',
        quantization: 'Q4_0',
        contextTokens: 64,
        files: [file],
        ...(adapter !== undefined && { companions: [{ kind: 'lora', file: adapter }] }),
      },
    ],
  });
const weights: ModelFile = { name: 'w.gguf', bytes: 1, url: 'https://x.example/w.gguf', sha256: HASH };
const picked: ModelFile = { name: 'p.gguf', bytes: 1, local: 'key' };
const models = [
  row('made', weights, picked),
  row('base', weights),
  row('own', { ...picked, local: 'other' }),
];

describe('findOwner', () => {
  it.each([
    [{ sha256: HASH }, 'base'],
    [{ source: 'https://x.example/w.gguf' }, 'base'],
    [{ source: 'local:key' }, 'made'],
    [{ source: 'local:other', sha256: 'b'.repeat(64) }, 'own'],
    [{ sha256: 'c'.repeat(64), source: 'local:gone' }, undefined],
    [{}, undefined],
  ])('%j is part of %s', (file, id) => {
    expect(findOwner(file, models)?.model.id).toBe(id);
  });
});
