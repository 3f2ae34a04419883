import { describe, expect, it } from 'vitest';
import type { CompletionEnd, Session, Token } from '../../domain/engine/engine';
import { FaultError } from '../../domain/fault';
import { compareProbes, readReference, runProbe } from './self-test';

const token = (id: number, logprob: number, others: readonly (readonly [number, number])[] = []): Token => ({
  id,
  text: `t${id}`,
  logprob,
  alternatives: [[id, logprob] as const, ...others].map(([other, value]) => ({
    id: other,
    text: `t${other}`,
    logprob: value,
  })),
});
const reference = [
  token(1, -0.1, [[9, -3]]),
  token(2, -0.2),
  token(3, -0.7, [
    [7, -0.9],
    [8, -2],
  ]),
  token(4, -0.1),
  token(5, -0.3),
];

describe('compareProbes', () => {
  it('accepts the same tokens, about as likely', () => {
    expect(compareProbes(reference, reference)).toEqual({ ok: true, agreed: 5 });
    const near = reference.map((each) => ({ ...each, logprob: (each.logprob ?? 0) - 0.3 }));
    expect(compareProbes(reference, near)).toEqual({ ok: true, agreed: 5 });
    // A slow device stops after four.
    expect(compareProbes(reference, near.slice(0, 4))).toEqual({ ok: true, agreed: 4 });
  });

  it('accepts a first difference only as a near-tie, whatever comes after it', () => {
    const other = [...reference.slice(0, 2), token(7, -0.8), token(99, -9)];
    const verdict = compareProbes(reference, other);
    expect(verdict).toMatchObject({ ok: true, agreed: 2 });
    expect(verdict).toHaveProperty('nearTie', expect.closeTo(0.2));
    expect(compareProbes(reference, [...reference.slice(0, 2), token(8, -0.5)])).toEqual({
      ok: false,
      reason: 'token 3: "t8" instead of "t3", margin 1.30',
    });
    expect(compareProbes(reference, [...reference.slice(0, 2), token(50, -0.5)])).toMatchObject({
      ok: false,
    });
  });

  it('refuses the right token with a wrong probability', () => {
    expect(compareProbes(reference, [token(1, -0.1), token(2, -6)])).toEqual({
      ok: false,
      reason: 'token 2: log-probability -6.00 instead of -0.20',
    });
    expect(compareProbes(reference, [token(1, Number.NaN)])).toMatchObject({ ok: false });
  });

  it('refuses an answer that ends early or says nothing', () => {
    expect(compareProbes(reference, reference.slice(0, 3))).toMatchObject({ ok: false });
    expect(compareProbes(reference, [])).toMatchObject({ ok: false });
    // A short reference is no fault of the other.
    expect(compareProbes(reference.slice(0, 2), reference.slice(0, 2))).toEqual({ ok: true, agreed: 2 });
  });

  it('goes by text where an engine knows no ids, and by place where it knows no margins', () => {
    const texts = (words: string) => words.split(' ').map((text): Token => ({ text }));
    expect(compareProbes(reference, texts('t1 t2 t3 t4'))).toMatchObject({ ok: true });
    expect(compareProbes(reference, texts('t1 t2 t7 t4'))).toMatchObject({ ok: true, agreed: 2 });
    expect(compareProbes(reference, texts('t1 t9 t3 t4'))).toMatchObject({ ok: false });
    expect(compareProbes(texts('a b c d e'), texts('a b x d e'))).toMatchObject({ ok: false });
    expect(compareProbes(texts('a b c d e'), texts('a b c d x'))).toMatchObject({ ok: true, agreed: 4 });
  });
});

const end: CompletionEnd = {
  reason: 'length',
  promptTokens: 1,
  cachedTokens: 0,
  answerTokens: 1,
  prefillMs: 0,
  decodeMs: 0,
};

/** A session whose clock advances by `prefillMs`, then by `tokenMs` for each token. */
function makeSession(prefillMs: number, tokenMs: number, endAt = Infinity) {
  const clock = { ms: 0 };
  let ended = false;
  const session: Session = {
    info: { engineId: 'e', engineVersion: '1', backend: 'webgpu', threads: 1, contextTokens: 64 },
    async *complete(_input, { maxTokens }) {
      try {
        for (let count = 0; count < Math.min(maxTokens, endAt); count++) {
          await Promise.resolve();
          clock.ms += count === 0 ? prefillMs : tokenMs;
          yield token(count, -0.1);
        }
        return end;
      } finally {
        ended = true;
      }
    },
    close: () => Promise.resolve(),
  };
  return { session, now: () => clock.ms, ended: () => ended };
}
const signal = new AbortController().signal;

describe('runProbe', () => {
  it('measures the time between tokens, without the prompt and the first ones that compile', async () => {
    const { session, now } = makeSession(5_000, 20);
    const probe = await runProbe(session, now, signal);
    expect(probe.tokensPerSecond).toBe(50);
  });

  it('reads the whole answer of a quick device, and four tokens of a slow one', async () => {
    const quick = makeSession(10, 5);
    expect((await runProbe(quick.session, quick.now, signal)).tokens).toHaveLength(12);
    const slow = makeSession(9_000, 1_000);
    expect((await runProbe(slow.session, slow.now, signal)).tokens).toHaveLength(4);
    // An engine left in the middle of an answer would stay in it.
    expect(slow.ended()).toBe(true);
  });

  it('bears an answer without tokens', async () => {
    const { session, now } = makeSession(1, 1, 0);
    expect(await runProbe(session, now, signal)).toEqual({ tokens: [], tokensPerSecond: 0 });
  });

  it('fails as the session does', async () => {
    const { session, now } = makeSession(1, 1);
    const broken: Session = {
      ...session,
      // eslint-disable-next-line require-yield
      async *complete() {
        await Promise.resolve();
        throw new FaultError({ kind: 'device-lost', detail: 'x' });
      },
    };
    await expect(runProbe(broken, now, signal)).rejects.toMatchObject({ fault: { kind: 'device-lost' } });
  });
});

describe('readReference', () => {
  it('takes back what was stored, and nothing else', () => {
    const probe = { tokens: reference, tokensPerSecond: 7 };
    expect(readReference(structuredClone(probe))).toEqual(probe);
    for (const junk of [undefined, null, 3, 'x', {}, { tokens: [{ text: 1 }], tokensPerSecond: 1 }]) {
      expect(readReference(junk)).toBeUndefined();
    }
  });
});
