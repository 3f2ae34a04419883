import { describe, expect, it } from 'vitest';
import { FaultError } from '../../domain/fault';
import type { InspectedModel } from '../../domain/model/gguf-model';
import type { HubFile, HubModel, HubRepo } from '../../domain/model/hub';
import { HubBrowser } from './hub-browser.svelte';

const gguf = (path: string, bytes: number): HubFile => ({ path, bytes, url: `https://x.example/${path}` });
const repo: HubRepo = {
  repo: 'a/b',
  revision: 'main',
  onnx: [],
  mlc: [],
  gguf: [
    gguf('big-00001-of-00002.gguf', 30),
    gguf('big-00002-of-00002.gguf', 20),
    gguf('mmproj-f16.gguf', 1),
    gguf('small.gguf', 10),
  ],
};
const hit: HubModel = { repo: 'a/b', downloads: 1, likes: 1, gated: false };

function make(change: Partial<ConstructorParameters<typeof HubBrowser>[0]['client']> = {}) {
  const asked: string[] = [];
  const kept: string[] = [];
  const hub = new HubBrowser({
    onAdapter: ({ name }) => kept.push(name),
    client: {
      searchHub: (text) => {
        asked.push(`search ${text}`);
        return Promise.resolve([hit]);
      },
      listRepo: (reference) => {
        asked.push(`list ${reference}`);
        return Promise.resolve(repo);
      },
      inspectUrls: (urls) => {
        asked.push(`inspect ${urls.join(' ')}`);
        return Promise.resolve({ templateFrom: 'plain' } as InspectedModel);
      },
      ...change,
    },
  });
  return { hub, asked, kept };
}

describe('HubBrowser', () => {
  it.each([
    ['wizardlm 7b', 'search wizardlm 7b'],
    [' a/b ', 'list a/b'],
    ['https://huggingface.co/a/b/tree/main', 'list https://huggingface.co/a/b/tree/main'],
    ['https://huggingface.co/a/b/blob/main/x.gguf', 'inspect https://huggingface.co/a/b/blob/main/x.gguf'],
    ['https://x.example/x.gguf', 'inspect https://x.example/x.gguf'],
  ])('%j: %s', async (text, expected) => {
    const { hub, asked } = make();
    await hub.find(text);
    expect(asked).toEqual([expected]);
    expect(hub.task).toBeUndefined();
  });

  it('asks nothing for nothing', async () => {
    const { hub, asked } = make();
    await hub.find('  ');
    expect(asked).toEqual([]);
  });

  it('shows the parts of a file as one, projectors apart, the smaller first', async () => {
    const { hub } = make();
    await hub.open('a/b');
    expect(hub.view?.weights.map(({ name, bytes, parts }) => [name, bytes, parts])).toEqual([
      ['small.gguf', 10, 1],
      ['big-00001-of-00002.gguf', 50, 2],
    ]);
    expect(hub.view?.projectors.map(({ path }) => path)).toEqual(['mmproj-f16.gguf']);
  });

  it('hands an adapter on', async () => {
    const adapter = { name: 'logic', architecture: 'llama', copied: false, file: { name: 'l', bytes: 1 } };
    const { hub, kept } = make({ inspectUrls: () => Promise.resolve({ adapter }) });
    await hub.inspect(['https://x.example/logic.gguf']);
    expect([hub.adapter, hub.inspected, kept]).toEqual([adapter, undefined, ['logic']]);
    await hub.open('a/b');
    expect(hub.adapter).toBeUndefined();
  });

  it('tells what went wrong until something else is asked', async () => {
    const fault = { kind: 'download', url: 'https://x.example/', status: 404, detail: 'x' } as const;
    const { hub } = make({ listRepo: () => Promise.reject(new FaultError(fault)) });
    await hub.open('a/b');
    expect([hub.fault, hub.view, hub.task]).toEqual([fault, undefined, undefined]);
    await hub.find('something else');
    expect([hub.fault, hub.hits]).toEqual([undefined, [hit]]);
  });

  it('drops the answer to what is no longer wanted', async () => {
    let answer: (found: readonly HubModel[]) => void = () => undefined;
    const { hub } = make({
      searchHub: (text) =>
        text === 'slow' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve([]),
    });
    const slow = hub.find('slow');
    await hub.find('quick');
    answer([hit]);
    await slow;
    expect(hub.hits).toEqual([]);
  });

  it('goes back to what was found', async () => {
    const { hub } = make();
    await hub.find('x');
    await hub.open('a/b');
    hub.close();
    expect([hub.view, hub.hits]).toEqual([undefined, [hit]]);
  });
});
