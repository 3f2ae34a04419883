import type { BrowserContext, Page } from '@playwright/test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listBundledFiles, startHub } from './hub-stand-in.mjs';
import { expect, openIsolated, test } from './site';

/*
 * Downloads by ranges in a real browser: its IndexedDB, its locks, its fetch through a redirect to another origin. They
 * are asked of the built worker itself, in comlink's own messages, so that no screen stands between.
 */
const MIB = 1024 * 1024;
const SHARD_BYTES = 16 * MIB;
const NAME = 'stand-in/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct.Q4_1.gguf';
const ENGINE_WORKER = readdirSync(join(import.meta.dirname, '../dist/assets')).find((name) =>
  /^engine\.worker-.*\.js$/.test(name),
);

type Hub = Awaited<ReturnType<typeof startHub>>;

interface Progress {
  readonly doneBytes: number;
  readonly receivedBytes: number;
}

/** Begins a run whose model is at `url`; `window.progress` has the bytes, `window.phases` how far it is. */
async function beginRun(page: Page, url: string, bytes: number): Promise<void> {
  await page.evaluate(
    ({ worker, fileUrl, fileBytes }) => {
      const view = window as unknown as { progress: unknown; phases: string[]; ended: unknown };
      view.phases = [];
      const engine = new Worker(`./assets/${worker}`, { type: 'module' });
      engine.onmessage = ({ data }: MessageEvent<unknown>) => {
        view.ended = data;
      };
      const { port1, port2 } = new MessageChannel();
      interface Event {
        readonly type: string;
        readonly phase?: string;
        readonly progress?: unknown;
      }
      port1.onmessage = ({ data }: MessageEvent<{ id: string; argumentList?: { value: Event[] }[] }>) => {
        for (const event of data.argumentList?.[0]?.value ?? []) {
          if (event.phase !== undefined) view.phases.push(event.phase);
          if (event.progress !== undefined) view.progress = event.progress;
        }
        port1.postMessage({ id: data.id, type: 'RAW', value: undefined });
      };
      const artifact = {
        id: 'a',
        format: 'gguf',
        quantization: 'Q4_1',
        contextTokens: 256,
        files: [{ name: 'weights.gguf', bytes: fileBytes, url: fileUrl }],
        companions: [],
        unverified: false,
      };
      const request = {
        runId: `run-${Math.random()}`,
        artifactId: 'a',
        modelsUrl: location.href,
        sampling: { temperature: 0, topP: 1, topK: 0, seed: 1, maxTokens: 1 },
        model: {
          id: 'm',
          name: 'M',
          template: { kind: 'jinja', source: 'x', bosToken: '', eosToken: '', stop: [] },
          artifacts: [artifact],
        },
        testSet: { id: 's', title: 'S', language: 'en', licence: 'CC0-1.0', cases: [] },
      };
      engine.postMessage(
        {
          id: '1',
          type: 'APPLY',
          path: ['run'],
          argumentList: [
            { type: 'RAW', value: request },
            { type: 'HANDLER', name: 'proxy', value: port2 },
          ],
        },
        [port2],
      );
    },
    { worker: ENGINE_WORKER, fileUrl: url, fileBytes: bytes },
  );
}

const progressOf = (page: Page) =>
  page.evaluate(
    () => (window as unknown as { progress?: Progress }).progress ?? { doneBytes: 0, receivedBytes: 0 },
  );
const phasesOf = (page: Page) => page.evaluate(() => (window as unknown as { phases: string[] }).phases);

async function openPage(context: BrowserContext, siteUrl: string): Promise<Page> {
  const page = await context.newPage();
  await openIsolated(page, siteUrl);
  return page;
}

/** Bytes asked for, without the question what there is. */
function sumAsked(hub: Hub): number {
  return hub.requests
    .filter(({ on, range, method }) => on === 'cdn' && method === 'GET' && range !== 'bytes=0-0')
    .reduce((sum, { range }) => {
      const [from = 0, to = 0] = (range ?? '').replace('bytes=', '').split('-').map(Number);
      return sum + to - from + 1;
    }, 0);
}

let hub: Hub;
let bytes: number;
test.beforeAll(async () => {
  hub = await startHub(listBundledFiles());
  const answer = await fetch(hub.fileUrl(NAME), { method: 'HEAD' });
  bytes = Number(answer.headers.get('Content-Length'));
});
test.afterAll(() => hub.close());
test.beforeEach(() => {
  hub.heal();
  hub.requests.length = 0;
});

test('a page killed in the middle of a download has less than a shard to fetch again', async ({
  site,
  context,
}) => {
  hub.fail({ on: 'cdn', bytesPerSecond: 4 * MIB });
  const killed = await openPage(context, site.url);
  await beginRun(killed, hub.fileUrl(NAME), bytes);
  await expect.poll(async () => (await progressOf(killed)).receivedBytes).toBeGreaterThan(41 * MIB);
  await killed.close({ runBeforeUnload: false });

  hub.heal();
  // What the killed page had asked for still reaches the host.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const sent = hub.requests.reduce((sum, { on, sentBytes }) => sum + (on === 'cdn' ? sentBytes : 0), 0);
  hub.requests.length = 0;
  const page = await openPage(context, site.url);
  await beginRun(page, hub.fileUrl(NAME), bytes);
  await expect.poll(() => phasesOf(page)).toContain('loading');
  const askedAgain = sumAsked(hub);
  console.log(
    `sent to the killed page: ${sent}, asked by the next: ${askedAgain}, twice: ${sent + askedAgain - bytes} bytes`,
  );
  expect((await progressOf(page)).receivedBytes).toBe(askedAgain);
  // Even counting what lay unread in the killed page's sockets.
  expect(sent + askedAgain - bytes).toBeLessThanOrEqual(SHARD_BYTES);
});

test('two tabs that want one model make one download', async ({ site, context }) => {
  hub.fail({ on: 'cdn', bytesPerSecond: 10 * MIB });
  const pages = [await openPage(context, site.url), await openPage(context, site.url)];
  for (const page of pages) await beginRun(page, hub.fileUrl(NAME), bytes);
  for (const page of pages) await expect.poll(() => phasesOf(page)).toContain('loading');
  expect(sumAsked(hub)).toBe(bytes);
  const received = await Promise.all(pages.map(async (page) => (await progressOf(page)).receivedBytes));
  expect(received.sort()).toEqual([0, bytes]);
});
