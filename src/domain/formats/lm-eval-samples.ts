import * as v from 'valibot';
import type { CaseDraft } from './format';
import { gradersFor, defineRowFormat } from './row-format';
import { textOf, type Row } from './rows';

/** lm-eval 0.4: `{gen_args_0: {arg_0, arg_1}}`; before, a list of lists. */
const argumentSchema = v.looseObject({ arg_0: v.string(), arg_1: v.optional(v.unknown()) });

function readArguments(row: Row): readonly { readonly context: string; readonly rest: unknown }[] {
  const { arguments: raw } = row;
  if (Array.isArray(raw)) {
    return raw.flatMap((each: unknown) =>
      Array.isArray(each) && typeof each[0] === 'string'
        ? [{ context: each[0], rest: each[1] as unknown }]
        : [],
    );
  }
  if (typeof raw !== 'object' || raw === null) return [];
  return Object.values(raw).flatMap((each) =>
    v.is(argumentSchema, each) ? [{ context: each.arg_0, rest: each.arg_1 }] : [],
  );
}

/**
 * `samples_*.jsonl` of lm-eval's `--log_samples`: exactly the prompts of that run. Contexts with a continuation each are
 * the choices of a loglikelihood task; one alone is a continuation that the model writes by itself, or not.
 */
export const lmEvalSamples = defineRowFormat({
  id: 'lm-eval-samples',
  label: 'lm-eval samples',
  fields: ['doc_id', 'arguments', 'target'],
  matches: (row) => 'doc_id' in row && 'arguments' in row && 'target' in row,
  toCase(row) {
    const requests = readArguments(row);
    const [first] = requests;
    if (first === undefined) return undefined;
    const id = `doc-${textOf(row, 'doc_id') ?? ''}`;
    const target = textOf(row, 'target') ?? '';
    const scored = requests.flatMap(({ context, rest }) =>
      typeof rest === 'string' ? [{ context, continuation: rest }] : [],
    );
    if (scored.length === requests.length) return readScored(id, scored, target);
    const graders = gradersFor(target.includes('####') ? (target.split('####').at(-1) ?? '') : target);
    return graders === undefined ? undefined : { id, prompt: first.context, graders };
  },
});

interface ScoredRequest {
  readonly context: string;
  readonly continuation: string;
}

/** Choices after one context with a space between, as most tasks have them; else the requests as they are. */
function readScored(id: string, given: readonly ScoredRequest[], target: string): CaseDraft | undefined {
  // With mutual information each choice comes again, after nothing.
  const half = given.slice(0, given.length / 2);
  const isDoubled = half.length * 2 === given.length && given.slice(half.length).every(isAlone);
  const requests = isDoubled && !half.every(isAlone) ? half : given;
  const [first] = requests;
  if (first === undefined || requests.length > 26) return undefined;
  const prompt = first.context.trim() === '' ? first.continuation : first.context;
  if (requests.length === 1) return { id, prompt, requests: [first], graders: [{ type: 'loglikelihood' }] };
  const isPlain =
    first.context.trim() !== '' &&
    requests.every(({ context, continuation }) => context === first.context && /^ \S/.test(continuation));
  const choices = isPlain
    ? requests.map(({ continuation }) => continuation.slice(1))
    : nameRequests(requests);
  const index = /^\d+$/.test(target)
    ? Number(target)
    : choices.findIndex((each) => each.trim() === target.trim());
  if (index < 0 || index >= choices.length) return undefined;
  const graders = [{ type: 'multiple-choice', value: index }];
  return { id, prompt, choices, graders, ...(!isPlain && { requests: [...requests] }) };
}

function isAlone({ context }: ScoredRequest): boolean {
  return context === '';
}

/** What tells the requests apart: their continuations or, where these are all the same, the ends of their contexts. */
function nameRequests(requests: readonly ScoredRequest[]): readonly string[] {
  const continuations = requests.map(({ continuation }) => continuation.trim());
  if (new Set(continuations).size > 1) return continuations.map((each) => each || ' ');
  const contexts = requests.map(({ context }) => context);
  const [first = '', ...others] = contexts;
  let shared = 0;
  while (shared < first.length && others.every((each) => each[shared] === first[shared])) shared++;
  return contexts.map((each) => each.slice(shared).trim().slice(0, 2_000) || ' ');
}
