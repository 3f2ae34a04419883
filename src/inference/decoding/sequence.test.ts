import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../tokenizer/tokenizer';
import type { Backend, Row, Want } from './backend';
import { generate } from './generate';
import { score } from './score';
import { Sequence } from './sequence';

const VOCABULARY = 10;

/** A backend that writes down what it is asked, whose likeliest token is the one after the last id. */
function createBackend(chunkTokens = 4) {
  const asked: string[] = [];
  let held: number[] = [];
  let chunk: readonly number[] = [];
  const rowAfter = (id: number, pick: readonly number[] = []): Row => ({
    argmax: (id + 1) % VOCABULARY,
    logSumExp: 0,
    picked: Float32Array.from(pick, (token) => -token),
    logits: new Float32Array(VOCABULARY),
  });
  const put = (ids: readonly number[], position: number) => {
    expect(position).toBeLessThanOrEqual(held.length);
    held = [...held.slice(0, position), ...ids];
  };
  const backend: Backend = {
    info: { kind: 'cpu', sequences: 1, kvType: 'f16', chunkTokens, weightBytes: 0, memoryBytes: 0 },
    contextTokens: 64,
    chunkTokens,
    mostRows: 2,
    extend(sequence, ids, position) {
      asked.push(`extend ${sequence} at ${position} by ${ids.join(' ')}`);
      put(ids, position);
      chunk = ids;
      return Promise.resolve();
    },
    rows(from, count, want, pick) {
      asked.push(`rows ${from} ${count} ${want}`);
      return Promise.resolve(chunk.slice(from, from + count).map((id) => rowAfter(id, pick)));
    },
    step(batch) {
      return Promise.resolve(
        batch.map(({ sequence, id, position, want }) => {
          asked.push(`step ${sequence} at ${position} by ${id} ${want}`);
          put([id], position);
          return rowAfter(id);
        }),
      );
    },
    truncate(sequence, length) {
      asked.push(`truncate ${sequence} to ${length}`);
      held = held.slice(0, length);
      return Promise.resolve();
    },
    share: () => Promise.resolve(),
    adapt: () => Promise.resolve(),
    stop: () => undefined,
    close: () => undefined,
  };
  return { backend, asked, holds: () => held };
}

describe('a sequence', () => {
  it('cuts what it appends into chunks', async () => {
    const { backend, asked } = createBackend();
    const ranges: number[][] = [];
    const last = await new Sequence(backend, 0).extend([1, 2, 3, 4, 5, 6], 0, undefined, (from, count) => {
      ranges.push([from, count]);
      return Promise.resolve();
    });
    expect(asked).toEqual(['extend 0 at 0 by 1 2 3 4', 'extend 0 at 4 by 5 6']);
    expect([ranges, last]).toEqual([
      [
        [0, 4],
        [4, 2],
      ],
      2,
    ]);
  });

  it('knows what it shares, and lets the backend forget the rest', async () => {
    const { backend, asked, holds } = createBackend();
    const sequence = new Sequence(backend, 3);
    await sequence.extend([1, 2, 3], 0, undefined);
    await sequence.step(4, 3, 'argmax', undefined);
    expect(sequence.countShared([1, 2, 3, 4, 5])).toBe(4);
    expect(sequence.countShared([1, 2, 9])).toBe(2);
    await sequence.extend([9], 2, undefined);
    expect(asked.slice(1)).toEqual(['step 3 at 3 by 4 argmax', 'truncate 3 to 2', 'extend 3 at 2 by 9']);
    expect([holds(), sequence.countShared([1, 2, 9, 4])]).toEqual([[1, 2, 9], 3]);
  });

  it('stops between chunks, holding what was computed', async () => {
    const { backend } = createBackend();
    const sequence = new Sequence(backend, 0);
    const stop = new AbortController();
    const extending = sequence.extend([1, 2, 3, 4, 5], 0, stop.signal, () => {
      stop.abort(new Error('enough'));
      return Promise.resolve();
    });
    await expect(extending).rejects.toThrow('enough');
    expect(sequence.countShared([1, 2, 3, 4, 5])).toBe(4);
  });
});

describe('what rows are wanted for', () => {
  const tokenizer = {
    createDetokenizer: () => ({ push: String, flush: () => '' }),
    decode: (ids: Iterable<number>) => [...ids].join(' '),
    isEndOfGeneration: () => false,
  } as unknown as Tokenizer;
  const open = () => {
    const { backend, asked } = createBackend();
    const context = {
      sequence: new Sequence(backend, 0),
      tokenizer,
      vocabulary: VOCABULARY,
      check: () => undefined,
    };
    return { context, asked };
  };

  it.each<[object, Want]>([
    [{}, 'argmax'],
    [{ topAlternatives: 1 }, 'all'],
  ])('a greedy answer with %o', async (options, want) => {
    const { context, asked } = open();
    const ids: number[] = [];
    for await (const { id } of generate(context, [1, 2], { maxTokens: 3, ...options }, undefined))
      ids.push(id);
    expect(ids).toEqual([3, 4, 5]);
    expect(asked.slice(1)).toEqual([
      `rows 1 1 ${want}`,
      `step 0 at 2 by 3 ${want}`,
      `step 0 at 3 by 4 ${want}`,
    ]);
  });

  it('scores read no logits but those of the tokens in question', async () => {
    const { context, asked } = open();
    const [one, other] = await score(context, [1, 2], [[3, 4, 9, 7], [5]], undefined);
    expect(one).toMatchObject({ logprobs: [-3, -4, -9, -7], greedy: [true, true, false, false] });
    expect(other).toMatchObject({ logprobs: [-5], greedy: [false] });
    expect(asked).toEqual([
      'extend 0 at 0 by 1 2',
      'rows 1 1 stats',
      'extend 0 at 2 by 3 4 9',
      'rows 0 2 stats',
      'rows 2 1 stats',
    ]);
  });
});
