import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FaultError } from '../fault';
import { decodeLinkText, encodeLinkText } from './link-codec';

const isBadInput = (error: unknown) => error instanceof FaultError && error.fault.kind === 'bad-input';

describe('link text', () => {
  it('brings back any JSON, in characters that every program leaves alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (data) => {
        const link = await encodeLinkText(data);
        expect(link).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(await decodeLinkText(link)).toBe(JSON.stringify(data));
      }),
      { numRuns: 60, seed: 6 },
    );
  });

  it('refuses junk with bad-input and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[\w-]{1,80}$/)), (junk) =>
        decodeLinkText(junk).then(
          () => expect.unreachable(),
          (error: unknown) => {
            expect(error).toSatisfy(isBadInput);
          },
        ),
      ),
      { numRuns: 200, seed: 6 },
    );
  });

  it('refuses what was cut, changed or packed to burst', async () => {
    const link = await encodeLinkText({ words: Array.from({ length: 50 }, (_, index) => `word ${index}`) });
    const changed = `${link.slice(0, 60)}${link[60] === 'A' ? 'B' : 'A'}${link.slice(61)}`;
    const bomb = gzipSync(Buffer.alloc(2_000_000)).toString('base64url');
    for (const bad of [link.slice(0, -9), changed, bomb, `${link}x`, 'A'.repeat(70_000), '']) {
      await expect(decodeLinkText(bad)).rejects.toSatisfy(isBadInput);
    }
  });
});
