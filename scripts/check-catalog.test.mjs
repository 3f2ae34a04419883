import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeGguf } from '../src/inference/testing/gguf-writer.mjs';
import { checkCatalog, formatFindings } from './check-catalog.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const numbers = (values) => Object.entries(values).map(([key, value]) => ({ key, type: 'u32', value }));

const weights = encodeGguf({
  entries: [
    { key: 'general.architecture', type: 'str', value: 'llama' },
    ...numbers({
      'general.file_type': 2,
      'llama.block_count': 3,
      'llama.context_length': 2048,
      'llama.embedding_length': 64,
      'llama.attention.head_count': 4,
    }),
    {
      key: 'tokenizer.ggml.tokens',
      array: 'str',
      value: Array.from({ length: 40 }, (_, id) => `token ${id}`),
    },
  ],
  tensors: [
    {
      name: 'token_embd.weight',
      dimensions: [64, 40],
      type: 'Q4_0',
      data: new Uint8Array((64 * 40 * 18) / 32),
    },
  ],
});
const projector = encodeGguf({
  entries: [{ key: 'general.architecture', type: 'str', value: 'clip' }],
  tensors: [],
});
const HUB = 'https://huggingface.co';
const FILES = {
  '/maker/model-GGUF/resolve/main/model.Q4_0.gguf': weights,
  '/maker/model-GGUF/resolve/main/mmproj.gguf': projector,
  '/maker/model-MLC/resolve/main/mlc-chat-config.json': Buffer.from(
    JSON.stringify({ quantization: 'q4f16_1', model_config: { num_hidden_layers: 3, vocab_size: 40 } }),
  ),
  '/maker/model-MLC/resolve/main/tensor-cache.json': Buffer.from('{}'),
  '/maker/model-ONNX/resolve/main/onnx/model_quantized.onnx': Buffer.alloc(1_000),
  '/maker/model-ONNX/resolve/main/onnx/model_quantized.onnx_data': Buffer.alloc(9_000),
  '/maker/model': Buffer.from('<!doctype html>'),
};

/** The Hub in small: large files are redirected to a storage, and only the redirect tells their hash and their size. */
function answer(request, response, asked, options) {
  const { pathname } = new URL(request.url, 'http://x');
  asked.push(`${request.method} ${pathname} ${request.headers.range ?? ''}`.trim());
  const bytes = FILES[pathname.replace(/^\/storage/, '')];
  if (bytes === undefined) {
    response.writeHead(404).end();
  } else if (
    pathname.includes('/resolve/') &&
    !pathname.startsWith('/storage') &&
    !pathname.endsWith('.json')
  ) {
    response
      .writeHead(302, {
        Location: `/storage${pathname}`,
        'X-Linked-Size': bytes.length,
        'X-Linked-ETag': `"${sha256(bytes)}"`,
      })
      .end();
  } else {
    const range = options.ranges ? /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') : null;
    const part = range === null ? bytes : bytes.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(range === null ? 200 : 206, {
      'Content-Length': part.length,
      ...(range !== null && {
        'Content-Range': `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${bytes.length}`,
      }),
    });
    response.end(request.method === 'HEAD' ? undefined : part);
  }
}

let server;
let base;
let folder;
const asked = [];
const options = { ranges: true };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catalog-'));
  server = createServer((request, response) => answer(request, response, asked, options));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked.length = 0;
  options.ranges = true;
});

const file = {
  name: 'model.Q4_0.gguf',
  bytes: weights.length,
  url: `${HUB}/maker/model-GGUF/resolve/main/model.Q4_0.gguf`,
};
const artifact = {
  id: 'model-q4_0',
  format: 'gguf',
  quantization: 'Q4_0',
  contextTokens: 2048,
  files: [file],
};
const row = {
  id: 'model',
  source: `${HUB}/maker/model`,
  architecture: 'llama',
  shape: { layers: 3, embedding: 64, keyValueHeads: 4, headSize: 16, vocabulary: 40 },
  artifacts: [artifact],
};
const mlc = {
  id: 'model-mlc',
  format: 'mlc',
  quantization: 'q4f16_1',
  files: [],
  mlc: { repo: 'maker/model-MLC' },
};
const onnx = {
  id: 'model-onnx',
  format: 'onnx',
  quantization: 'q8',
  files: [],
  approximateBytes: 10_100,
  onnx: { repo: 'maker/model-ONNX', dtype: 'q8' },
};
const mmproj = {
  kind: 'mmproj',
  file: {
    name: 'mmproj.gguf',
    approximateBytes: projector.length + 1,
    url: `${HUB}/maker/model-GGUF/resolve/main/mmproj.gguf`,
  },
};

async function check(change) {
  writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...row, ...change }));
  const findings = await checkCatalog(folder, { base });
  return { findings, problems: findings.flatMap(({ problems }) => problems) };
}
const withArtifact = (change) => ({ artifacts: [{ ...artifact, ...change }] });
const withFile = (change) => withArtifact({ files: [{ ...file, ...change }] });

describe('a row that is right', () => {
  it('passes, file by file and repo by repo', async () => {
    const { findings, problems } = await check({
      artifacts: [
        { ...artifact, files: [{ ...file, sha256: sha256(weights) }], companions: [mmproj] },
        mlc,
        onnx,
        { ...mlc, id: 'bring-your-own', mlc: { library: 'x' } },
        { ...artifact, id: 'hosted', files: [{ name: 'x', bytes: 1, manifest: 'x/manifest.json' }] },
      ],
    });
    expect(problems).toEqual([]);
    expect(findings.map(({ item }) => item)).toEqual([
      'source',
      'model-q4_0',
      'model-q4_0 mmproj',
      'model-mlc',
      'model-mlc shards',
      'model-onnx',
    ]);
    expect(formatFindings(findings)).toMatch(/^ok +model +model-q4_0 +\d+ bytes$/m);
  });

  it('costs no more than headers', async () => {
    await check({});
    const read = asked.filter((line) => line.startsWith('GET'));
    expect(read.length).toBeGreaterThan(0);
    for (const line of read) expect(line).toMatch(/ bytes=\d+-\d+$/);
  });

  it('is told the hash that it lacks', async () => {
    const { findings, problems } = await check({});
    expect(problems).toEqual([]);
    expect(findings.flatMap(({ facts }) => facts)).toContain(`sha256 ${sha256(weights)}`);
  });
});

describe('a row that is wrong', () => {
  it.each([
    ['size', withFile({ bytes: weights.length - 1 }), /^bytes: the row says \d+, its host \d+$/],
    [
      'approximate size',
      withFile({ bytes: undefined, approximateBytes: Math.round(weights.length * 1.03) }),
      /^approximateBytes: /,
    ],
    ['hash', withFile({ sha256: 'a'.repeat(64) }), /^sha256: the row says aaa/],
    ['URL', withFile({ url: `${HUB}/maker/model-GGUF/resolve/main/other.gguf` }), /^HTTP 404$/],
    ['source', { source: `${HUB}/maker/none` }, /^HTTP 404$/],
    ['architecture', { architecture: 'gpt2' }, /^architecture: the row says gpt2, its host llama$/],
    ['layers', { shape: { ...row.shape, layers: 4 } }, /^layers: the row says 4, its host 3$/],
    ['vocabulary', { shape: { ...row.shape, vocabulary: 41 } }, /^vocabulary: the row says 41, its host 40$/],
    ['KV heads', { shape: { ...row.shape, keyValueHeads: 1 } }, /^keyValueHeads: /],
    ['head', { shape: { ...row.shape, headSize: 8 } }, /^headSize: /],
    ['width', { shape: { ...row.shape, embedding: 32 } }, /^embedding: /],
    [
      'quantization',
      withArtifact({ quantization: 'Q8_0' }),
      /^quantization: the row says Q8_0, its host Q4_0$/,
    ],
    ['context', withArtifact({ contextTokens: 4096 }), /^contextTokens: .* trained for 2048$/],
    [
      'projector',
      withArtifact({ companions: [{ ...mmproj, file: { ...file } }] }),
      /^architecture: the row says clip, its host llama$/,
    ],
    ['MLC quantization', { artifacts: [{ ...mlc, quantization: 'q4f32_1' }] }, /^quantization: /],
    ['MLC repo', { artifacts: [{ ...mlc, mlc: { repo: 'maker/none' } }] }, /^HTTP 404$/],
    ['ONNX size', { artifacts: [{ ...onnx, approximateBytes: 11_000 }] }, /^approximateBytes: /],
    ['ONNX type', { artifacts: [{ ...onnx, onnx: { ...onnx.onnx, dtype: 'q4' } }] }, /^HTTP 404$/],
  ])('fails by its %s', async (_what, change, problem) => {
    const { findings, problems } = await check(change);
    expect(problems.length).toBeGreaterThan(0);
    for (const each of problems) expect(each).toMatch(problem);
    expect(formatFindings(findings)).toMatch(/^WRONG/m);
  });
});

describe('a host', () => {
  it('that ignores ranges is told apart from a bad row, and nothing more is read', async () => {
    options.ranges = false;
    expect((await check({})).problems).toEqual(['the host does not serve ranges']);
  });

  it('that does not answer makes every row wrong', async () => {
    writeFileSync(join(folder, 'model.json'), JSON.stringify(row));
    const gone = createServer();
    await new Promise((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address();
    await new Promise((resolve) => gone.close(resolve));
    const findings = await checkCatalog(folder, { base: `http://127.0.0.1:${port}` });
    expect(findings).toHaveLength(2);
    for (const { problems } of findings) expect(problems).toEqual([expect.stringContaining('ECONNREFUSED')]);
  });

  it('is asked for one row alone', async () => {
    writeFileSync(join(folder, 'model.json'), JSON.stringify(row));
    expect(await checkCatalog(folder, { base, only: 'other' })).toEqual([]);
  });
});
