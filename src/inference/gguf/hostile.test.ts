import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytesSource, openModel, InferenceError } from '../index';
import { HANG_MS, HOSTILE_RUNS } from '../testing/runs';
import { createHostileGgufs } from '../testing/hostile-gguf.mjs';

const binary = new Uint8Array(readFileSync(new URL('../cpu/binaries/wasm32-plain.wasm', import.meta.url)));

describe('hostile files', () => {
  test('are refused, or are as good as they say', { timeout: HANG_MS }, async () => {
    const kinds = new Map<string, { refused: number; opened: number }>();
    for (const { kind, bytes, mustFail } of createHostileGgufs(HOSTILE_RUNS)) {
      const tally = kinds.get(kind) ?? { refused: 0, opened: 0 };
      kinds.set(kind, tally);
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
    }
    expect(kinds.size).toBe(16);
    // Where every kind were always refused, or never, the files would not be what their names say.
    expect([...kinds.values()].filter(({ refused }) => refused > 0)).toHaveLength(16);
    expect([...kinds.values()].reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(
      0.7 * HOSTILE_RUNS,
    );
  });
});
