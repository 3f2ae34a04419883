import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource, openModel, InferenceError } from '../index';
import { createHostileGgufs } from '../testing/hostile-gguf.mjs';

const binary = new Uint8Array(readFileSync(new URL('../cpu/binaries/wasm32-plain.wasm', import.meta.url)));

describe('hostile files', () => {
  test(
    '1,000 of them are refused within a second each, or are as good as they say',
    { timeout: 120_000 },
    async () => {
      const kinds = new Map<string, { refused: number; opened: number }>();
      let slowestMs = 0;
      for (const { kind, bytes, mustFail } of createHostileGgufs(1000)) {
        const tally = kinds.get(kind) ?? { refused: 0, opened: 0 };
        kinds.set(kind, tally);
        const start = performance.now();
        try {
          const model = await openModel([bytesSource(bytes)], {
            loadBinary: () => Promise.resolve(binary),
            build: 'wasm32-plain',
            contextTokens: 64,
          });
          model.close();
          tally.opened++;
          expect(mustFail ? kind : 'may open').toBe('may open');
        } catch (error) {
          if (!(error instanceof InferenceError)) throw error;
          tally.refused++;
          expect(['bad-file', 'unsupported', 'out-of-memory']).toContain(error.code);
          expect(error.message).not.toBe('');
        }
        slowestMs = Math.max(slowestMs, performance.now() - start);
      }
      expect(slowestMs).toBeLessThan(1000);
      expect(kinds.size).toBe(16);
      // Where every kind were always refused, or never, the files would not be what their names say.
      expect([...kinds.values()].filter(({ refused }) => refused > 0)).toHaveLength(16);
      expect([...kinds.values()].reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(700);
    },
  );
});
