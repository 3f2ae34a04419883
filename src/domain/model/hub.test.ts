import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { parseHubFile, parseHubModel, parseHubReference, sortHubFiles } from './hub';

const repo = 'TheBloke/wizardLM-7B-GGUF';
const main = { repo, revision: 'main' };

describe('parseHubReference', () => {
  it.each([
    [repo, main],
    [`  ${repo}\n`, main],
    [`https://huggingface.co/${repo}`, main],
    [`https://huggingface.co/${repo}/`, main],
    [`huggingface.co/${repo}`, main],
    [`https://hf.co/${repo}`, main],
    [`https://huggingface.co/${repo}/tree/main`, main],
    [`https://huggingface.co/${repo}/discussions/3`, main],
    [`https://huggingface.co/${repo}/blob/main/a%20b.gguf`, { ...main, path: 'a b.gguf' }],
    [`https://huggingface.co/${repo}/resolve/main/x/y.gguf?download=true`, { ...main, path: 'x/y.gguf' }],
    [`https://huggingface.co/${repo}/tree/refs%2Fpr%2F1/sub`, { repo, revision: 'refs/pr/1', path: 'sub' }],
  ])('reads %j', (text, expected) => {
    expect(parseHubReference(text)).toEqual(expected);
  });

  it.each([
    '',
    'wizardlm',
    'a/b/c',
    '../../etc',
    'https://example.com/a/b',
    'https://huggingface.co/',
    'https://huggingface.co/TheBloke',
    'https://huggingface.co/datasets/a/b',
    'https://huggingface.co/spaces/a/b',
    'https://huggingface.co/a/%E0%A4%A',
    'https://huggingface.co.example.com/a/b',
    'javascript:alert(1)',
  ])('takes %j for no repo', (text) => {
    expect(parseHubReference(text)).toBeUndefined();
  });

  it('reads addresses of a stand-in only where one is given', () => {
    expect(parseHubReference('http://127.0.0.1:4180/a/b', 'http://127.0.0.1:4180')).toEqual({
      repo: 'a/b',
      revision: 'main',
    });
    expect(parseHubReference('http://127.0.0.1:4180/a/b')).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((s) => `https://hf.co/${s}`),
        ),
        (text) => {
          const found = parseHubReference(text);
          if (found !== undefined) expect(found.repo).toMatch(/^[\w.-]+\/[\w.-]+$/);
        },
      ),
    );
  });
});

describe('answers of the Hub', () => {
  const oid = 'a'.repeat(64);
  const entry = {
    type: 'file',
    path: 'x.gguf',
    size: 10,
    oid: 'b',
    lfs: { oid, size: 10, pointerSize: 135 },
  };

  it('tell size, hash and address of a file', () => {
    expect(parseHubFile(entry, main)).toEqual({
      path: 'x.gguf',
      bytes: 10,
      sha256: oid,
      url: `https://huggingface.co/${repo}/resolve/main/x.gguf`,
    });
    expect(parseHubFile({ ...entry, type: 'directory' }, main)).toBeUndefined();
  });

  it('are not believed when they make no sense', () => {
    for (const wrong of [
      null,
      'x',
      {},
      { ...entry, size: -1 },
      { ...entry, size: 1e300 },
      { ...entry, path: '../x.gguf' },
      { ...entry, path: 'x\ud83e.gguf' },
      { ...entry, lfs: { oid: 'short', size: 1 } },
    ]) {
      expect(() => parseHubFile(wrong, main)).toThrow(FaultError);
    }
    expect(() => parseHubModel({ name: '../..' })).toThrow(FaultError);
  });

  it('tell of a model what there is to tell', () => {
    expect(
      parseHubModel({ name: repo, gated: 'manual', downloads: 5, likes: 'many', updatedAt: new Date(NaN) }),
    ).toEqual({
      repo,
      downloads: 5,
      likes: 0,
      gated: true,
    });
  });

  it('throw nothing but faults', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        for (const parse of [() => parseHubModel(input), () => parseHubFile(input, main)]) {
          try {
            parse();
          } catch (error) {
            expect(error).toBeInstanceOf(FaultError);
          }
        }
      }),
    );
  });

  it('are sorted by what can run them', () => {
    const file = (path: string) => ({ path, bytes: 1, url: '' });
    const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path);
    const gguf = sortHubFiles(
      main,
      ['a.gguf', 'README.md', 'onnx/model_q4.onnx', 'onnx/model.onnx_data'].map(file),
    );
    expect(paths(gguf.gguf)).toEqual(['a.gguf']);
    expect(paths(gguf.onnx)).toEqual(['onnx/model_q4.onnx', 'onnx/model.onnx_data']);
    expect(gguf.mlc).toEqual([]);
    const mlc = ['mlc-chat-config.json', 'params_shard_0.bin', 'tokenizer.json', 'README.md', 'x.bin'];
    expect(paths(sortHubFiles(main, mlc.map(file)).mlc)).toEqual(mlc.slice(0, 3));
  });
});
