import { elementAt } from '../element-at';
import { checkIds, prefill, promptIds } from './generate';
import type { ModelContext } from './generate';
import { encodePrompt } from './prompt-ids';
import type { Prompt } from './prompt-ids';
import type { TextPart } from '../tokenizer/tokenizer';
import { InferenceError } from '../errors';
import type { Row } from './backend';

/** A text, or ids where the caller tokenizes. */
export type Continuation = string | readonly number[];

export interface ContinuationScore {
  readonly tokens: readonly number[];
  /** Natural log-probability of each token given all before it. */
  readonly logprobs: readonly number[];
  readonly sum: number;
  /** Whether each token was the likeliest one. */
  readonly greedy: readonly boolean[];
}

/**
 * White space that ends a prompt belongs to the continuations before tokenizing, since most tokenizers join it to the word
 * that follows: `_encode_pair` of the lm-evaluation-harness. Ids are left as they are.
 */
export function moveTrailingSpace<Given extends Prompt>(
  prompt: Given,
  continuations: readonly Continuation[],
): { readonly prompt: Given; readonly continuations: readonly Continuation[] } {
  const texts = continuations.filter((each) => typeof each === 'string');
  const parts = typeof prompt === 'string' ? [{ text: prompt, special: true }] : prompt.filter(isPart);
  if (parts.length === 0 || texts.length < continuations.length) return { prompt, continuations };
  const text = parts.map((part) => part.text).join('');
  const kept = trimEnd(text).length;
  const moved = texts.map((each) => text.slice(kept) + each);
  let from = 0;
  const left = parts.flatMap((part) => {
    const cut = part.text.slice(0, Math.max(0, kept - from));
    from += part.text.length;
    return cut === '' ? [] : [{ ...part, text: cut }];
  });
  return {
    prompt: (typeof prompt === 'string' ? text.slice(0, kept) : left) as Given,
    continuations: moved,
  };
}

const isPart = (each: number | TextPart): each is TextPart => typeof each !== 'number';

/** What Python's `str.rstrip` takes off: JavaScript counts others as white space. */
const SPACES = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const SPACE_AT_END = new RegExp(`[${SPACES}]$`);

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE_AT_END.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/**
 * Ids of a continuation, as `_encode_pair` of the lm-evaluation-harness gives them: a text is tokenized together with the
 * prompt and cut after as many tokens as the prompt has by itself, also where its own change by what follows. After
 * nothing, or where nothing would be left, the continuation is tokenized by itself.
 */
export function continuationIds(
  { tokenizer }: Pick<ModelContext, 'tokenizer'>,
  prompt: Prompt,
  ids: readonly number[],
  continuation: Continuation,
): readonly number[] {
  if (typeof continuation !== 'string') return continuation;
  const isEmpty = typeof prompt === 'string' ? prompt === '' : prompt.length === 0;
  const rest = isEmpty ? [] : encodePrompt(tokenizer, prompt, continuation).slice(ids.length);
  return rest.length > 0 ? rest : tokenizer.encode(continuation);
}

/** Where there is no prompt, and no beginning of text, the end of one stands in (`prefix_token_id`). */
function startIds(context: ModelContext, prompt: Prompt): readonly number[] {
  const { bosId, eosId } = context.tokenizer;
  const isBare = prompt.length === 0 && bosId === undefined && eosId !== undefined;
  return isBare ? [eosId] : promptIds(context, prompt);
}

export async function score(
  context: ModelContext,
  given: Prompt,
  following: readonly Continuation[],
  signal: AbortSignal | undefined,
): Promise<ContinuationScore[]> {
  const { sequence, vocabulary } = context;
  const { mostRows } = sequence.backend;
  const { prompt, continuations } = moveTrailingSpace(given, following);
  const ids = startIds(context, prompt);
  const all = continuations.map((continuation) => continuationIds(context, prompt, ids, continuation));
  for (const tokens of all) {
    checkIds(tokens, vocabulary);
    if (ids.length + tokens.length > sequence.backend.contextTokens + 1) {
      throw new InferenceError('bad-input', `${ids.length} + ${tokens.length} tokens do not fit the context`);
    }
  }
  // Every continuation's first token is predicted by the prompt's last.
  const firsts = [...new Set(all.flatMap((tokens) => tokens.slice(0, 1)))];
  const { row: afterPrompt } = await prefill(context, ids, { want: 'stats', pick: firsts }, signal);
  const results: ContinuationScore[] = [];
  for (const tokens of all) {
    const logprobs: number[] = [];
    const greedy: boolean[] = [];
    const take = (row: Row, pickedAt: number, token: number) => {
      logprobs.push(elementAt(row.picked, pickedAt) - row.logSumExp);
      greedy.push(row.argmax === token);
    };
    const [first] = tokens;
    if (first !== undefined) take(afterPrompt, firsts.indexOf(first), first);
    const inputs = tokens.slice(0, -1);
    await sequence.extend(inputs, ids.length, signal, async (from, count) => {
      for (let at = 0; at < count; at += mostRows) {
        const next = tokens.slice(from + at + 1, from + Math.min(at + mostRows, count) + 1);
        const rows = await sequence.rows(at, next.length, 'stats', next);
        rows.forEach((row, index) => take(row, index, elementAt(next, index)));
      }
    });
    results.push({ tokens, logprobs, sum: logprobs.reduce((a, b) => a + b, 0), greedy });
  }
  return results;
}

/** Logits after every one of `ids`, computed afresh. */
export async function allLogits(
  context: ModelContext,
  ids: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { sequence, vocabulary } = context;
  promptIds(context, ids);
  const { mostRows } = sequence.backend;
  const out = new Float32Array(ids.length * vocabulary);
  await sequence.extend(ids, 0, signal, async (from, count) => {
    for (let at = 0; at < count; at += mostRows) {
      const rows = await sequence.rows(at, Math.min(mostRows, count - at), 'logits');
      rows.forEach((row, index) => out.set(row.logits, (from + at + index) * vocabulary));
    }
  });
  return out;
}
