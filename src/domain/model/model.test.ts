import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../testing/make-run';
import { FaultError } from '../fault';
import { isHosted, listFiles, parseFileManifest, parseModel, sumArtifactBytes, type Model } from './model';

const MAX_SHARD_BYTES = 16 * 1024 * 1024;
const modelsFolder = join(import.meta.dirname, '../../../static-models');
const catalogFolder = join(modelsFolder, 'catalog');

const PROMISED = [
  'wizardlm-7b',
  'wizardlm-7b-uncensored',
  'wizardlm-13b-v1.2',
  'wizardlm-2-7b',
  'wizardmath-7b-v1.1',
  'wizardcoder-1b',
  'openllama-3b-wizard',
  'llama-7b',
  'llama-2-7b-chat',
  'vicuna-7b-v1.5',
  'openllama-3b',
  'openllama-7b',
  'cerebras-gpt-111m',
  'pythia-70m',
  'pythia-160m',
  'pythia-410m',
  'redpajama-incite-chat-3b',
  'tinyllama-1.1b-chat',
  'smollm2-135m-instruct',
  'smollm2-360m-instruct',
  'smollm2-1.7b-instruct',
  'qwen2.5-0.5b-instruct',
  'qwen3-0.6b',
  'qwen3-1.7b',
  'llama-3.2-1b-instruct',
  'gemma-3-1b-it',
  'llava-1.5-7b',
  'llava-1.6-mistral-7b',
  'smolvlm-256m-instruct',
  'smolvlm-500m-instruct',
  'minigpt-4',
];

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function refusal(parse: () => unknown): unknown {
  try {
    parse();
  } catch (error) {
    return error instanceof FaultError ? error.fault : error;
  }
  return undefined;
}

const rows = readdirSync(catalogFolder).map((name): [name: string, model: Model] => [
  name,
  parseModel(readJson(join(catalogFolder, name))),
]);
const bundledFiles = rows
  .filter(([, model]) => model.bundled)
  .flatMap(([, model]) => model.artifacts.flatMap(({ files }) => files))
  .flatMap((file) => (file.manifest === undefined ? [] : [{ ...file, manifest: file.manifest }]));

describe('the catalog', () => {
  it('has at least one model that comes with the page', () => {
    expect(bundledFiles.length).toBeGreaterThan(0);
  });

  it.each(rows)('%s is named after its model', (name, model) => {
    expect(name).toBe(`${model.id}.json`);
  });

  it('names every model and every artifact once', () => {
    const ids = rows.map(([, model]) => model.id);
    const artifactIds = rows.flatMap(([, model]) => model.artifacts.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(artifactIds).size).toBe(artifactIds.length);
  });

  it('has every model that this page promises', () => {
    expect(rows.map(([, { id }]) => id)).toEqual(expect.arrayContaining(PROMISED));
  });

  it.each(rows)('%s starts its artifacts with its own id', (_name, { id, artifacts }) => {
    for (const artifact of artifacts) expect(artifact.id.startsWith(`${id}-`)).toBe(true);
  });

  it('points only to models that something runs', () => {
    const runnable = new Set(
      rows.filter(([, { artifacts }]) => artifacts.length > 0).map(([, { id }]) => id),
    );
    const wrong = rows.filter(([, { instead }]) => instead !== undefined && !runnable.has(instead));
    expect(wrong).toEqual([]);
    const without = rows.filter(
      ([, { artifacts, instead }]) => artifacts.length === 0 && instead === undefined,
    );
    expect(without).toEqual([]);
  });

  it.each(rows)('%s marks all that was not seen on its host', (_name, { artifacts }) => {
    for (const artifact of artifacts) {
      if (isHosted(artifact)) expect(artifact.unverified).toBe(false);
      // Whoever has seen a file there knows its size and its hash.
      if (!artifact.unverified) {
        for (const file of listFiles(artifact)) {
          expect([file.bytes, file.sha256], file.name).not.toContain(undefined);
        }
      }
    }
  });

  it.each(rows)('%s fetches from the Hub, whole files by their own name', (_name, { artifacts }) => {
    for (const { name, url } of artifacts.flatMap(listFiles)) {
      if (url === undefined) continue;
      expect(url).toMatch(/^https:\/\/huggingface\.co\/[\w.-]+\/[\w.-]+\/resolve\/main\/[\w.-]+$/);
      expect(url.endsWith(`/${name}`)).toBe(true);
    }
  });

  it.each(rows)(
    '%s gives the sizes that the memory arithmetic needs',
    (_name, { artifacts, shape, vision }) => {
      if (artifacts.length > 0) expect(shape).toBeDefined();
      const gguf = artifacts.filter(({ format }) => format === 'gguf');
      for (const { companions } of gguf)
        expect(companions.some(({ kind }) => kind === 'mmproj')).toBe(vision);
    },
  );

  it.each(rows)('%s names MLC libraries as the installed web-llm does', async (_name, { artifacts }) => {
    const { prebuiltAppConfig } = await import('@mlc-ai/web-llm');
    for (const { id, contextTokens, mlc } of artifacts) {
      if (mlc === undefined) continue;
      const record = prebuiltAppConfig.model_list.find(({ model_id }) => model_id === mlc.library);
      expect(record, id).toBeDefined();
      const needsF16 = record?.required_features?.includes('shader-f16') ?? false;
      expect(mlc.requiredFeatures.includes('shader-f16'), id).toBe(needsF16);
      // The amount of memory holds for the context of the record.
      if (mlc.vramMB !== undefined) {
        expect([mlc.vramMB, contextTokens], id).toEqual([
          record?.vram_required_MB,
          record?.overrides?.context_window_size,
        ]);
      }
      if (mlc.repo.startsWith('mlc-ai/')) expect(`https://huggingface.co/${mlc.repo}`).toBe(record?.model);
    }
  });
});

describe('the address of a file', () => {
  const withUrl = (url: string) =>
    makeModel({
      artifacts: [
        {
          id: 'a',
          format: 'gguf',
          quantization: 'Q4_0',
          contextTokens: 64,
          files: [{ name: 'a', bytes: 1, url }],
        },
      ],
    });

  it.each([
    'https://x.example/a.gguf',
    'http://localhost:8080/a.gguf',
    'http://127.0.0.1/a',
    'http://[::1]:1/a',
  ])('may be %s', (url) => {
    expect(withUrl(url).artifacts[0]?.files[0]?.url).toBe(url);
  });

  it.each([
    'http://x.example/a.gguf',
    'http://localhost.x.example/a.gguf',
    'http://127.0.0.1.x.example/a',
    'ftp://localhost/a',
    'javascript:alert(1)',
  ])('may not be %s', (url) => {
    expect(() => withUrl(url)).toThrow();
  });
});

it('is explained with examples that are valid', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/adding-a-model.md'), 'utf8');
  const [example, mlc] = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']): unknown =>
    JSON.parse(json),
  );
  const model = parseModel(example);
  expect(rows.map(([, { id }]) => id)).toContain(model.id);
  expect(parseModel({ ...model, artifacts: [mlc] }).artifacts).toHaveLength(1);
});

describe.each(bundledFiles.map((file): [string, typeof file] => [file.name, file]))(
  'the bundled file %s',
  (_name, file) => {
    const folder = dirname(join(modelsFolder, file.manifest));
    const manifest = parseFileManifest(readJson(join(modelsFolder, file.manifest)));

    it('is the one that the catalog names', () => {
      const { name, bytes, sha256: hash } = manifest;
      expect({ name, bytes, sha256: hash }).toEqual({
        name: file.name,
        bytes: file.bytes,
        sha256: file.sha256,
      });
    });

    it('lies there whole: sizes, SHA-256 of each shard and of all together', () => {
      const whole = createHash('sha256');
      const found = manifest.shards.map(({ path }) => {
        const bytes = readFileSync(join(folder, path));
        whole.update(bytes);
        return { path, bytes: bytes.byteLength, sha256: sha256(bytes) };
      });
      expect(found).toEqual(manifest.shards);
      expect(whole.digest('hex')).toBe(file.sha256);
    });

    it('has no shard above 16 MiB, and none that its manifest leaves out', () => {
      for (const { bytes } of manifest.shards) expect(bytes).toBeLessThanOrEqual(MAX_SHARD_BYTES);
      const listed = manifest.shards.map(({ path }) => path).sort();
      expect(
        readdirSync(folder)
          .filter((name) => name.endsWith('.bin'))
          .sort(),
      ).toEqual(listed);
    });

    it('comes with its licence and its origin', () => {
      expect(existsSync(join(folder, 'LICENSE'))).toBe(true);
      expect(existsSync(join(folder, 'NOTICE'))).toBe(true);
    });
  },
);

const HASH = 'a'.repeat(64);
const manifest = {
  name: 'weights.gguf',
  bytes: 25,
  sha256: HASH,
  shardBytes: 10,
  shards: [
    { path: 'shard-000.bin', bytes: 10, sha256: HASH },
    { path: 'shard-001.bin', bytes: 10, sha256: HASH },
    { path: 'shard-002.bin', bytes: 5, sha256: HASH },
  ],
};
const [first, second, third] = manifest.shards;

describe('parseFileManifest', () => {
  it('takes shards of one size and a shorter last one', () => {
    expect(parseFileManifest(manifest)).toEqual(manifest);
  });

  it('takes a last shard of full size', () => {
    const even = { ...manifest, bytes: 20, shards: [first, second] };
    expect(parseFileManifest(even)).toEqual(even);
  });

  it.each([
    ['../secret.bin'],
    ['a/../../secret.bin'],
    ['..'],
    ['/etc/passwd'],
    ['//other.example/x.bin'],
    ['https://other.example/x.bin'],
    ['data:,x'],
    ['\\\\host\\x'],
    ['a\\..\\b'],
    ['%2e%2e/x'],
    ['x.bin?y'],
    ['x.bin#y'],
    ['./x'],
    ['.'],
    [''],
    [' x'],
  ])('refuses the shard path %j', (path) => {
    const hostile = { ...manifest, shards: [{ ...first, path }, second, third] };
    expect(refusal(() => parseFileManifest(hostile))).toMatchObject({
      kind: 'bad-input',
      what: 'file manifest',
      detail: expect.stringContaining('shards.0.path') as unknown,
    });
  });

  it.each([
    ['a shard too few', { shards: [first, second] }],
    ['a shard too many', { shards: [first, second, third, third] }],
    ['the short shard not last', { shards: [first, third, second] }],
    ['a longer last shard', { shards: [first, second, { ...third, bytes: 6 }] }],
    ['another size of file', { bytes: 26 }],
    ['sizes that add up but differ', { shards: [{ ...first, bytes: 5 }, second, { ...third, bytes: 10 }] }],
    ['no shards', { shards: [] }],
    ['an empty shard', { bytes: 20, shards: [first, second, { ...third, bytes: 0 }] }],
    ['a negative shard size', { shardBytes: -10 }],
    ['a size beyond whole numbers', { bytes: 2 ** 60, shardBytes: 2 ** 60, shards: [first] }],
    ['a short hash', { sha256: 'a'.repeat(63) }],
    ['an upper-case hash', { sha256: 'A'.repeat(64) }],
    ['a field nobody knows', { script: 'x' }],
    ['a size as text', { bytes: '25' }],
  ])('refuses %s', (_what, change) => {
    expect(refusal(() => parseFileManifest({ ...manifest, ...change }))).toMatchObject({
      kind: 'bad-input',
      what: 'file manifest',
    });
  });

  it('refuses any junk with bad input', () => {
    fc.assert(
      fc.property(fc.anything(), (junk) => {
        expect(refusal(() => parseFileManifest(junk))).toMatchObject({ kind: 'bad-input' });
      }),
    );
  });

  it('takes every split into equal shards', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 1000 }),
        (bytes, shardBytes) => {
          const shards = Array.from({ length: Math.ceil(bytes / shardBytes) }, (_, index) => ({
            path: `shard-${index}.bin`,
            bytes: Math.min(shardBytes, bytes - index * shardBytes),
            sha256: HASH,
          }));
          expect(parseFileManifest({ ...manifest, bytes, shardBytes, shards }).shards).toHaveLength(
            shards.length,
          );
        },
      ),
    );
  });
});

const row = {
  id: 'some-model',
  name: 'Some Model',
  family: 'Some',
  parameters: 1000,
  licence: 'MIT',
  source: 'https://example.org/model',
  template: { kind: 'jinja', source: '{{ messages }}' },
  artifacts: [
    {
      id: 'some-model-q4',
      format: 'gguf',
      quantization: 'Q4_0',
      contextTokens: 2048,
      files: [
        { name: 'a.gguf', bytes: 30, sha256: HASH, manifest: 'some-model-q4/manifest.json' },
        { name: 'b.gguf', bytes: 12, sha256: HASH, manifest: 'some-model-q4/b.json' },
      ],
    },
  ],
};

const fetched = {
  name: 'a.gguf',
  approximateBytes: 1_000,
  url: 'https://huggingface.co/x/y/resolve/main/a.gguf',
};

describe('parseModel', () => {
  it('takes a repo instead of files, and an approximate size of a file to fetch', () => {
    const artifacts = [
      { ...row.artifacts[0], files: [fetched] },
      {
        ...row.artifacts[0],
        id: 'b',
        format: 'mlc',
        files: [],
        mlc: { library: 'Llama-2-7b', repo: 'mlc-ai/x-MLC' },
      },
      { ...row.artifacts[0], id: 'c', format: 'mlc', files: [], mlc: { library: 'Llama-2-7b' } },
      { ...row.artifacts[0], id: 'd', format: 'onnx', files: [], onnx: { repo: 'Xenova/x', dtype: 'q8' } },
    ];
    const model = parseModel({ ...row, artifacts });
    expect(model.artifacts.map(sumArtifactBytes)).toEqual([1_000, 0, 0, 0]);
    expect(model.artifacts.map(({ mlc }) => mlc?.repo)).toEqual([undefined, 'mlc-ai/x-MLC', '', undefined]);
    expect(model.artifacts.map(isHosted)).toEqual([false, false, false, false]);
    expect(parseModel(row).artifacts.map(isHosted)).toEqual([true]);
  });

  it('fills in what a row may leave out', () => {
    expect(parseModel(row)).toMatchObject({
      bundled: false,
      template: { bosToken: '', eosToken: '', stop: [] },
    });
  });

  it.each([
    ['no artifacts', { artifacts: [] }],
    ['an unknown format', { artifacts: [{ ...row.artifacts[0], format: 'exe' }] }],
    ['no files', { artifacts: [{ ...row.artifacts[0], files: [] }] }],
    ['an id that is a path', { id: '../x' }],
    ['a template of another kind', { template: { kind: 'handlebars', source: 'x' } }],
    ['a template without text', { template: { kind: 'jinja', source: '' } }],
    ['half a parameter', { parameters: 0.5 }],
    ['a source that is no URL', { source: 'somewhere' }],
    ['a field nobody knows', { colour: 'red' }],
    [
      'an exact and an approximate size',
      { artifacts: [{ ...row.artifacts[0], files: [{ ...fetched, bytes: 1 }] }] },
    ],
    ['no size', { artifacts: [{ ...row.artifacts[0], files: [{ name: 'a.gguf', url: fetched.url }] }] }],
    [
      'an approximate size of a hosted file',
      {
        artifacts: [
          {
            ...row.artifacts[0],
            files: [{ name: 'a', approximateBytes: 1, sha256: HASH, manifest: 'a/manifest.json' }],
          },
        ],
      },
    ],
    ['a size of a repo for files', { artifacts: [{ ...row.artifacts[0], approximateBytes: 1 }] }],
    ['an MLC library for a GGUF', { artifacts: [{ ...row.artifacts[0], mlc: { library: 'x' } }] }],
    [
      'a repo that is a path',
      { artifacts: [{ ...row.artifacts[0], format: 'mlc', mlc: { library: 'x', repo: '../x' } }] },
    ],
    [
      'a manifest outside the site',
      { artifacts: [{ ...row.artifacts[0], files: [{ ...row.artifacts[0]?.files[0], manifest: '../x' }] }] },
    ],
  ])('refuses %s', (_what, change) => {
    expect(refusal(() => parseModel({ ...row, ...change }))).toMatchObject({
      kind: 'bad-input',
      what: 'model',
    });
  });
});

describe('sumArtifactBytes', () => {
  it('adds up all files', () => {
    expect(parseModel(row).artifacts.map(sumArtifactBytes)).toEqual([42]);
  });
});
