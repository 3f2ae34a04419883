import * as v from 'valibot';
import type { Alternative, Session, Token } from '../../domain/engine/engine';
import { templatePrompt } from '../../domain/prompt/pieces';

/** Continued alike by every model we know, with large margins: a difference means wrong arithmetic, not another taste. */
const PROMPT =
  'Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday. January, February, March, April,';
const MAX_TOKENS = 12;
/** A slow device need not go to the end, but so far it must. */
const MIN_TOKENS = 4;
const BUDGET_MS = 2_000;
/** What a reference tells of the other tokens at each place. */
export const REFERENCE_ALTERNATIVES = 5;
/**
 * In nats. Engines that round activations differently move the logits of 4-bit weights by a few tenths; wrong kernels
 * move them by whole nats.
 */
const NEAR_TIE = 0.5;
const MAX_DRIFT = 1;

const alternativeSchema = v.object({
  text: v.string(),
  id: v.exactOptional(v.number()),
  logprob: v.number(),
});
const probeSchema = v.object({
  tokens: v.pipe(
    v.array(
      v.object({
        text: v.string(),
        id: v.exactOptional(v.number()),
        logprob: v.exactOptional(v.number()),
        alternatives: v.exactOptional(v.pipe(v.array(alternativeSchema), v.readonly())),
      }),
    ),
    v.maxLength(MAX_TOKENS),
    v.readonly(),
  ),
  tokensPerSecond: v.number(),
});

/** The greedy answer to the fixed prompt, and how fast it came. */
export interface Probe {
  readonly tokens: readonly Token[];
  /** While answering, from the median time between tokens: the first ones also compile shaders. */
  readonly tokensPerSecond: number;
}

export type Verdict =
  | {
      readonly ok: true;
      /** Places where both chose the same token. */
      readonly agreed: number;
      /** By how many nats the reference preferred its own token at the first difference. */
      readonly nearTie?: number;
    }
  | { readonly ok: false; readonly reason: string };

/** The settings key of an artifact's reference; the text and the rules of the test are part of it. */
export function referenceKey(fileHash: string): string {
  return `self-test 1 ${fileHash}`;
}

/** @returns undefined for what another version wrote */
export function readReference(stored: unknown): Probe | undefined {
  const result = v.safeParse(probeSchema, stored);
  return result.success ? result.output : undefined;
}

/**
 * Has a session answer the fixed prompt, for about two seconds. The session stays open.
 * @throws FaultError as the session does
 */
export async function runProbe(
  session: Session,
  now: () => number,
  signal: AbortSignal,
  alternatives = 1,
): Promise<Probe> {
  const answer = session.complete(
    { prompt: templatePrompt(PROMPT), stop: [], alternatives },
    { temperature: 0, topP: 1, topK: 0, seed: 0, maxTokens: MAX_TOKENS },
    signal,
  );
  const tokens: Token[] = [];
  const times = [now()];
  const startedAt = times[0] ?? 0;
  for (;;) {
    const next = await answer.next();
    if (next.done === true) break;
    tokens.push(next.value);
    times.push(now());
    if (tokens.length >= MIN_TOKENS && now() - startedAt > BUDGET_MS) {
      await answer.return({
        reason: 'length',
        promptTokens: 0,
        cachedTokens: 0,
        answerTokens: 0,
        prefillMs: 0,
        decodeMs: 0,
      });
      break;
    }
  }
  // The first interval is the prompt's.
  const intervals = times
    .slice(2)
    .map((time, index) => time - (times[index + 1] ?? time))
    .toSorted((a, b) => a - b);
  const median = intervals[Math.floor(intervals.length / 2)] ?? 0;
  return { tokens, tokensPerSecond: median > 0 ? 1000 / median : 0 };
}

/** Whether a device computes like the reference: the same tokens, about as likely; a difference only where it was a near-tie. */
export function compareProbes(reference: readonly Token[], measured: readonly Token[]): Verdict {
  const count = Math.min(reference.length, measured.length);
  for (let place = 0; place < count; place++) {
    const expected = reference[place];
    const found = measured[place];
    if (expected === undefined || found === undefined) break;
    const where = `token ${place + 1}`;
    if (isSameToken(expected, found)) {
      const drift = Math.abs((expected.logprob ?? 0) - (found.logprob ?? 0));
      const comparable = expected.logprob !== undefined && found.logprob !== undefined;
      // Written so that NaN fails.
      if (comparable && !(drift <= MAX_DRIFT)) {
        return { ok: false, reason: `${where}: log-probability ${show(found)} instead of ${show(expected)}` };
      }
      continue;
    }
    const difference = `${where}: ${JSON.stringify(found.text)} instead of ${JSON.stringify(expected.text)}`;
    const margin = findMargin(expected, found);
    if (margin === undefined) {
      // Without margins nobody can tell a near-tie from an error, but errors come early.
      return place < MIN_TOKENS ? { ok: false, reason: difference } : { ok: true, agreed: place };
    }
    if (!(margin <= NEAR_TIE)) {
      return { ok: false, reason: `${difference}, margin ${margin.toFixed(2)}` };
    }
    return { ok: true, agreed: place, nearTie: margin };
  }
  return measured.length < Math.min(reference.length, MIN_TOKENS)
    ? { ok: false, reason: `it ended after ${measured.length} tokens` }
    : { ok: true, agreed: count };
}

/** How much likelier the reference found its own token than the other; undefined where it did not tell. */
function findMargin(expected: Token, found: Token): number | undefined {
  const { alternatives } = expected;
  if (alternatives === undefined || alternatives.length === 0) return undefined;
  const best = Math.max(...alternatives.map(({ logprob }) => logprob));
  const other = alternatives.find((alternative) => isSameToken(alternative, found));
  return other === undefined ? Infinity : best - other.logprob;
}

function isSameToken(a: Pick<Alternative, 'id' | 'text'>, b: Pick<Alternative, 'id' | 'text'>): boolean {
  return a.id !== undefined && b.id !== undefined ? a.id === b.id : a.text === b.text;
}

function show({ logprob }: Token): string {
  return logprob?.toFixed(2) ?? '?';
}
