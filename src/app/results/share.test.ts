import { describe, expect, it } from 'vitest';
import { makeFailed, makeRun, makeSetup } from '../../domain/testing/make-run';
import { parseRoute } from '../screens';
import { makeShareLink, openShareLink } from './share';

const run = makeRun({
  end: { kind: 'stopped' },
  setup: makeSetup({ model: { id: 'model', name: 'Модель' } }),
});
const result = makeFailed({ answer: '<img src=x onerror=alert(1)>' });

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
