import * as v from 'valibot';
import { findDeciding } from '../graders/deciding-reason';
import { BACKENDS } from '../engine/backends';
import { KV_TYPES, SET_ASIDE_CODES, type SessionInfo } from '../engine/engine';
import { decodeLinkText, encodeLinkText, MAX_INFLATED_BYTES, TARGET_CHARACTERS } from './link-codec';
import { parseJsonWith } from '../parse';
import { nameAttempt } from '../run/repeats';
import {
  MAX_REPEATS,
  SAMPLING_KEYS,
  samplingSchema,
  type EngineSwitch,
  type Result,
  type Run,
} from '../run/run';

/**
 * A run small enough for a link: setup, verdicts and as much of each answer as fits.
 * Whatever a link holds was written by a stranger: show it as text only.
 */
export type SharedRun = v.InferOutput<typeof sharedRunSchema>;
export type SharedResult = SharedRun['results'][number];

/** Tried in turn until the link is short enough. */
const ANSWER_LIMITS = [1_000, 400, 200, 100, 40, 0];

/** Each leaves fewer ways to run a model: more are not to be had. */
const MAX_SWITCHES = 8;

const text = (max: number) => v.pipe(v.string(), v.maxLength(max));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1e9));
const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e9));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const sharedResultSchema = v.strictObject({
  caseId: text(80),
  /** Which of several answers to the case, from 0; absent for the first. */
  repeat: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_REPEATS - 1))),
  status: v.picklist(['pass', 'fail', 'not-run', 'broken']),
  answer: text(2_000),
  /** The answer was longer than the link holds. */
  cut: v.boolean(),
  reason: v.nullable(
    v.strictObject({
      code: text(40),
      expected: v.optional(text(200)),
      found: v.optional(text(200)),
    }),
  ),
  answerTokens: count,
  firstTokenMs: milliseconds,
  totalMs: milliseconds,
  decodeMs: milliseconds,
});

const runnerSchema = v.strictObject({
  engineId: text(40),
  engineVersion: text(120),
  backend: v.picklist(BACKENDS),
  threads: count,
});

const sharedRunSchema = v.strictObject({
  version: v.literal(1),
  startedAt: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(8.64e15)),
  end: v.picklist(['finished', 'stopped', 'failed', 'open']),
  model: v.strictObject({ id: text(80), name: text(400) }),
  /** Without a hash where the engine fetches the weights itself and tells none. */
  artifact: v.strictObject({
    id: text(80),
    quantization: text(400),
    sha256: v.union([v.literal(''), sha256]),
    adapters: v.exactOptional(
      v.pipe(
        v.array(v.strictObject({ name: text(400), scale: v.pipe(v.number(), v.finite()) })),
        v.maxLength(8),
        v.readonly(),
      ),
    ),
  }),
  session: v.strictObject({
    engineId: text(40),
    engineVersion: text(120),
    backend: v.picklist(BACKENDS),
    threads: count,
    contextTokens: count,
    layersOnGpu: v.exactOptional(count),
    quantization: v.exactOptional(text(400)),
    kvType: v.exactOptional(v.picklist(KV_TYPES)),
    batchTokens: v.exactOptional(count),
    adapter: v.exactOptional(text(120)),
    readsControlText: v.exactOptional(v.boolean()),
    ignoredSettings: v.exactOptional(
      v.pipe(v.array(v.picklist(SAMPLING_KEYS)), v.maxLength(8), v.readonly()),
    ),
    insteadOf: v.exactOptional(
      v.pipe(
        v.array(
          v.strictObject({
            engineId: text(40),
            backend: v.exactOptional(v.picklist(BACKENDS)),
            code: v.exactOptional(v.picklist(SET_ASIDE_CODES)),
            reason: text(400),
          }),
        ),
        v.maxLength(8),
        v.readonly(),
      ),
    ),
  }),
  switches: v.exactOptional(
    v.pipe(
      v.array(v.strictObject({ caseId: text(80), from: runnerSchema, to: runnerSchema, fault: text(40) })),
      v.maxLength(MAX_SWITCHES),
      v.readonly(),
    ),
  ),
  templateSha256: sha256,
  systemInQuestion: v.exactOptional(v.literal(true)),
  set: v.strictObject({ id: text(80), title: text(200), language: text(20), sha256, caseCount: count }),
  sampling: samplingSchema,
  repeats: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_REPEATS))),
  logicalCores: count,
  results: v.pipe(
    v.array(sharedResultSchema),
    v.maxLength(5_000),
    v.check((results) => new Set(results.map(nameAttempt)).size === results.length, 'case ids repeat'),
  ),
});

/** What a link would hold of a run; `maxAnswerCharacters` cuts long answers. */
export function shareRun(run: Run, results: readonly Result[], maxAnswerCharacters: number): SharedRun {
  return {
    version: 1,
    startedAt: run.startedAt,
    end: run.end?.kind ?? 'open',
    ...run.setup,
    session: shareSession(run.setup.session),
    ...(run.switches !== undefined && { switches: run.switches.slice(0, MAX_SWITCHES).map(shareSwitch) }),
    logicalCores: run.device.logicalCores,
    results: results.map((result) => shareResult(result, maxAnswerCharacters)),
  };
}

function shareSession({ insteadOf, adapter, ...session }: SessionInfo): SharedRun['session'] {
  const shared = { ...session, ...(adapter !== undefined && { adapter: cutText(adapter, 120) }) };
  if (insteadOf === undefined) return shared;
  return {
    ...shared,
    insteadOf: insteadOf.map((each) => ({ ...each, reason: cutText(each.reason, 400) })),
  };
}

function shareSwitch({ fault, ...change }: EngineSwitch): NonNullable<SharedRun['switches']>[number] {
  return { ...change, fault: fault.kind };
}

function shareResult(result: Result, maxAnswerCharacters: number): SharedResult {
  // By code point: a cut must not leave half a surrogate pair.
  const characters = Array.from(result.answer.trim());
  const answer = characters.slice(0, maxAnswerCharacters).join('');
  const common = {
    caseId: result.caseId,
    ...(result.repeat !== undefined && { repeat: result.repeat }),
    answer,
    cut: characters.length > maxAnswerCharacters,
  };
  if (result.kind === 'failed') {
    const reason = { code: result.fault.kind };
    return { ...common, status: 'broken', reason, answerTokens: 0, firstTokenMs: 0, totalMs: 0, decodeMs: 0 };
  }
  const { answerTokens, firstTokenMs, totalMs, decodeMs } = result.timing;
  const reason = findDeciding(result.status, result.outcomes);
  return {
    ...common,
    status: result.status,
    reason:
      reason === null
        ? null
        : {
            code: reason.code,
            ...(reason.expected !== undefined && { expected: cutText(reason.expected, 200) }),
            ...(reason.found !== undefined && { found: cutText(reason.found, 200) }),
          },
    answerTokens,
    firstTokenMs: Math.round(firstTokenMs),
    totalMs: Math.round(totalMs),
    decodeMs: Math.round(decodeMs),
  };
}

/**
 * Writes a run as link text. Answers are shortened until it is about 8,000 characters.
 * @throws FaultError `bad-input` for a run of so many cases that no link can hold it
 */
export async function encodeShareLink(
  run: Run,
  results: readonly Result[],
): Promise<{ readonly payload: string; readonly shortened: boolean }> {
  let payload = '';
  let shortened = false;
  for (const limit of ANSWER_LIMITS) {
    const shared = shareRun(run, results, limit);
    payload = await encodeSharedRun(shared);
    shortened = shared.results.some((result) => result.cut);
    // A model that repeats itself packs well: the unpacked size counts too.
    const { size } = new Blob([JSON.stringify(shared)]);
    if (payload.length <= TARGET_CHARACTERS && size <= MAX_INFLATED_BYTES) break;
  }
  // A link that nobody could open is not handed out.
  await decodeShareLink(payload);
  return { payload, shortened };
}

export function encodeSharedRun(shared: SharedRun): Promise<string> {
  return encodeLinkText(shared);
}

/**
 * Reads link text back. Input is hostile: its length and its inflated size are bounded, every field is checked.
 * @throws FaultError `bad-input`
 */
export async function decodeShareLink(payload: string): Promise<SharedRun> {
  return parseJsonWith(sharedRunSchema, await decodeLinkText(payload), 'link');
}

/** A cut must not leave half a surrogate pair. */
function cutText(value: string, maxLength: number): string {
  return value.length <= maxLength ? value : value.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '');
}
