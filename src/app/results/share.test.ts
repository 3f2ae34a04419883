import { describe, expect, it } from 'vitest';
import { DEFAULT_SAMPLING, type Result, type Run } from '../../domain/run/run';
import { parseRoute } from '../screens';
import { makeShareLink, openShareLink } from './share';

const HASH = 'a'.repeat(64);
const run: Run = {
  id: 'run',
  startedAt: 1_763_800_000_000,
  end: { kind: 'stopped' },
  device: { userAgent: 'agent', logicalCores: 8, crossOriginIsolated: true },
  setup: {
    model: { id: 'model', name: 'Модель' },
    artifact: { id: 'artifact', quantization: 'Q4_1', sha256: HASH },
    session: { engineId: 'engine', engineVersion: '1', backend: 'wasm', threads: 4, contextTokens: 2048 },
    templateSha256: HASH,
    set: { id: 'set', title: 'Set', language: 'en', sha256: HASH, caseCount: 24 },
    sampling: DEFAULT_SAMPLING,
  },
};
const result: Result = {
  kind: 'failed',
  caseId: 'a',
  prompt: '?',
  answer: '<img src=x onerror=alert(1)>',
  fault: { kind: 'engine', detail: 'gone' },
};

describe('a share link', () => {
  it('leads back to the page it was made on, under a sub-path too, and opens there', async () => {
    const siteUrl = 'https://someone.github.io/wizardbench/';
    const { link, shortened } = await makeShareLink(siteUrl, run, [result]);
    expect(shortened).toBe(false);
    const { origin, pathname, hash } = new URL(link);
    expect(origin + pathname).toBe(siteUrl);
    const route = parseRoute(hash);
    if (route.screen !== 'shared') throw new Error('not a shared result');
    expect(await openShareLink(route.payload)).toMatchObject({
      shared: {
        end: 'stopped',
        model: { name: 'Модель' },
        results: [{ status: 'broken', answer: '<img src=x onerror=alert(1)>' }],
      },
    });
  });

  it.each(['', 'junk', '%F0%9F%A7%99', '<script>', 'A'.repeat(100_000)])(
    'that is junk is a fault to show: %.20j',
    async (payload) => {
      expect(await openShareLink(payload)).toMatchObject({ fault: { kind: 'bad-input', what: 'link' } });
    },
  );
});
